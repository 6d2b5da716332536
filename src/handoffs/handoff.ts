import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { formatTraceparent } from '../context/traceparent.ts';
import type { Handoff as HandoffHandle, HandoffRecord } from '../handles.ts';
import { type HandoffFacts, type HandoffWord, LONGEST_CHAIN } from '../handoff-path.ts';
import type { HandoffMode, HandoffStatus, HandoffTarget } from '../model.ts';
import type { OpenRun } from '../sessions/enclosing-scope.ts';
import { openRuns } from '../sessions/runs.ts';
import type { SessionRecord } from '../sessions/session-record.ts';
import { type Micros, now } from '../tracing/clock.ts';
import { errorStatus } from '../tracing/failure.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { writeCarrier } from './carrier.ts';
import { startDeadline } from './deadline.ts';
import { countReceived, countRequested, countWait } from './handoff-counts.ts';
import { Try } from './try.ts';
import type { Waiting } from './waiting.ts';

/** What was said here of a handoff that this process does not have: of another process, or of a session that is over. */
export interface Elsewhere {
  readonly source: string;
  /** The session that it belongs to, where somebody said so. */
  sessionId: string | undefined;
  /** The last word of the last try. */
  status: HandoffStatus;
  /** The run of this process that picked it up last. */
  runId: string | undefined;
}

/** What a run has to do with handoffs. */
export interface HandoffRun extends OpenRun {
  /** The handoff that it picked up, and how far it is with it. */
  readonly pickedUp: Try<Handoff> | undefined;
  /** What it asked for and waits for: nobody is left to return to when it ends. */
  readonly asked: Set<Handoff> | undefined;
  /** It was sent for a handoff that it did not get: its answers are to that one, and to no other that waits. */
  readonly wasRefused: boolean;
  readonly hasParent: boolean;
  /** Where the run hangs. */
  readonly parentContext: Context;
  /** The run takes a handoff over. Its link is there, when it came for it. */
  takesOver(handoff: Handoff): Try<Handoff>;
  /** The run picked up a handoff when it was at work already. */
  pickUpLate(handoff: Handoff): Try<Handoff>;
  /** It waits for the answer as long as it lasts, and no longer. */
  asks(handoff: Handoff): void;
  addLink(link: Link): void;
}

/** Each run of this process is one that has to do with handoffs: sessions, which keep them, need not know. */
export function handoffRun(run: OpenRun | undefined): HandoffRun | undefined {
  return run as HandoffRun | undefined;
}

export function openRun(id: string | undefined): HandoffRun | undefined {
  return id === undefined ? undefined : handoffRun(openRuns.get(id));
}

/** What a handoff tells the session that it was requested in. */
export interface HandoffLedger {
  readonly waiting: Waiting<Handoff>;
  /** True when the work goes in circles now. */
  heard(handoff: Handoff, word: HandoffWord, isFirst: boolean): boolean;
}

/** What a handoff tells whoever finds it by its id. */
export interface HandoffIndex {
  answered(handoff: Handoff): void;
  forgotten(handoff: Handoff): void;
}

const NO_WORDS: readonly HandoffWord[] = [];
const MAX_WORDS = 64;

/**
 * One agent asks another to take over. Its span is as long as the wait: it opens with the request and closes with the
 * first answer, or when nobody can answer any more. What happens to it is a table in docs/span-model.md.
 */
export class Handoff implements HandoffHandle, HandoffRecord, HandoffFacts {
  readonly id: string;
  readonly place: SpanContext;
  readonly source: string;
  readonly reason: string | undefined;
  /** Ids of the run that hands over, and of the run above it. */
  readonly sourceRunId: string | undefined;
  readonly sourceParentId: string | undefined;
  readonly previous: Handoff | undefined;
  readonly chainLength: number;
  readonly requestedAt: Micros;
  /**
   * The session that it was requested in, until that is over: a chain of handoffs must not keep each session and run that it
   * came through. Of one from another process, the session that it is known to belong to.
   */
  record: SessionRecord | undefined;
  readonly sessionId: string | undefined;
  /** When it began to wait, among those that do. */
  turn = 0;
  to: HandoffTarget | undefined;
  mode: HandoffMode;
  /** The last word, whoever tried. */
  status: HandoffStatus = 'requested';
  words: readonly HandoffWord[] = NO_WORDS;
  answeredAt: Micros | undefined;
  /** Agent of the first run that picked it up. */
  receiver: string | undefined;
  /** The try that is under way, or was the last. */
  current: Try<Handoff> | undefined;
  readonly #recorder: Recorder;
  /** Of the session in `record`, as long as that is there. */
  #ledger: HandoffLedger | undefined;
  readonly #index: HandoffIndex | undefined;
  readonly #waiting: Waiting<Handoff> | undefined;
  readonly #modeGiven: boolean;
  /** Where the receiver hangs, and the baggage that goes along: no scope, which would keep its run alive. */
  readonly #hangsAt: SpanContext | undefined;
  readonly #baggage: Context | undefined;
  #counted = false;
  /** The app named no target. */
  #isForAnybody = false;
  /** The target is the step of the run that took it. */
  #isForStep = false;
  /** Who answered what was asked of nobody in particular, without a run. */
  answerer: string | undefined;
  #stopDeadline: (() => void) | undefined;
  /** Somebody may have it of whom this process never hears. */
  #givenAway = false;
  #overdue = false;
  /** Open while nobody has answered; never there for a handoff of another process. */
  #span: Span | undefined;
  /** What is remembered of one of another process. */
  readonly #elsewhere: Elsewhere | undefined;

  constructor(recorder: Recorder, record: SessionRecord | undefined, init: HandoffInit) {
    this.#recorder = recorder;
    this.record = record;
    this.sessionId = record?.sessionId;
    this.#ledger = init.ledger;
    this.#index = init.index;
    this.#waiting = init.ledger?.waiting;
    this.#span = init.span;
    this.#modeGiven = init.mode !== undefined;
    this.#hangsAt = init.hangsAt;
    this.#baggage = init.baggage;
    this.#elsewhere = init.elsewhere;
    if (init.elsewhere) this.status = init.elsewhere.status;
    this.place = init.place;
    this.id = formatTraceparent(init.place);
    this.source = init.source;
    this.to = init.target;
    this.mode = init.mode ?? 'return_to_caller';
    this.reason = init.reason;
    this.requestedAt = init.requestedAt ?? 0;
    this.sourceRunId = init.sourceRun?.id;
    this.sourceParentId = init.sourceRun?.parentId;
    const previous = init.sourceRun?.pickedUp?.handoff;
    this.chainLength = (previous?.chainLength ?? 0) + 1;
    // An endless chain must not keep every handoff it ever had.
    this.previous = this.chainLength % LONGEST_CHAIN === 0 ? undefined : previous;
  }

  /** It was requested in this process, and not picked up from another. */
  get isOwn(): boolean {
    return this.#elsewhere === undefined;
  }

  /** Its span has not ended. */
  get isOpen(): boolean {
    return this.#span !== undefined;
  }

  /** To hang an answer on: the span itself while it is open, because some SDKs build their trees from spans and no ids. */
  get spanOrPlace(): Span {
    return this.#span ?? trace.wrapSpanContext(this.place);
  }

  get target(): string | undefined {
    return this.#isForStep ? this.receiver : (this.to?.key ?? this.answerer);
  }

  get waitMs(): number | undefined {
    if (this.answeredAt === undefined || !this.isOwn) return undefined;
    return Math.max(0, Math.round((this.answeredAt - this.requestedAt) / 1_000));
  }

  /** Whether a run of this agent, or with this step, is who was asked. */
  fits(agentKey: string, stepKey: string | undefined): boolean {
    return this.to === undefined || this.to.key === agentKey || this.to.key === stepKey;
  }

  carrier(): Record<string, string> {
    this.#givenAway = true;
    const where = this.#hangsAt && trace.setSpanContext(this.#baggage ?? ROOT_CONTEXT, this.#hangsAt);
    return writeCarrier(this.id, this.sessionId ?? '', this.source, where);
  }

  /** What the receiving run's span repeats of the link, because Jaeger shows no link attributes. */
  describe(attributes: Attributes, receiverKey: string): void {
    attributes[key.ATTR_HANDOFF_ID] = this.id;
    if (this.source) attributes[key.ATTR_HANDOFF_SOURCE] = this.source;
    attributes[key.ATTR_HANDOFF_TARGET] = this.to?.key ?? receiverKey;
  }

  link(receiverKey: string): Link {
    const attributes: Attributes = { [key.ATTR_LINK_TYPE]: 'handoff' };
    this.describe(attributes, receiverKey);
    return linkTo(this.place, attributes);
  }

  /**
   * Whether a run that names it may have it. A job comes again with its carrier, whatever came of it before; who names the id
   * may try again what did not succeed. Two at a time never: that is a fan-out.
   */
  mayBePickedUp(byCarrier: boolean): boolean {
    const { current } = this;
    if (this.status === 'expired') return false;
    if (current === undefined) return true;
    if (current.runId !== undefined && openRuns.has(current.runId)) return false;
    return byCarrier || !current.succeeded;
  }

  /** A new try: by the run that picked it up, or by whoever answers without one. */
  begin(run: HandoffRun | undefined): Try<Handoff> {
    this.current = new Try(this, run);
    this.#waiting?.delete(this);
    if (this.#elsewhere) {
      this.#elsewhere.status = 'requested';
      this.#elsewhere.runId = run?.id;
    }
    if (!run) return this.current;
    if (this.receiver === undefined) this.#pickedUpFirst(run);
    return this.current;
  }

  #pickedUpFirst(run: HandoffRun): void {
    this.receiver = run.agent.key;
    this.#isForStep = this.to !== undefined && this.to.key === run.stepKey;
    if (this.to === undefined) this.#takenBy(run.agent.key);
    const source = this.openSource;
    source?.asked?.delete(this);
    if (this.#modeGiven || this.sourceRunId === undefined || source) return;
    // The source had ended before anybody took over: control was passed, whatever it meant to do.
    this.mode = 'pass_control';
    if (this.#span) this.#recorder.setAttribute(this.#span, key.ATTR_HANDOFF_MODE, this.mode);
  }

  /** Where the words of a try go on that this process only remembers. */
  goOn(): Try<Handoff> {
    this.current = new Try(this, undefined);
    this.current.status = this.status;
    return this.current;
  }

  /** Who picked it up turns out to be another agent: the target is whoever took it, unless the app named one. */
  receiverIs(agentKey: string, attempt: Try<Handoff>): boolean {
    if (this.receiver === attempt.agentKey) this.receiver = agentKey;
    attempt.agentKey = agentKey;
    if (!this.#isForAnybody) return false;
    this.#takenBy(agentKey);
    return true;
  }

  #takenBy(agentKey: string): void {
    this.#isForAnybody = true;
    this.to = { key: agentKey, kind: 'agent' };
    if (this.#span) this.#recorder.write(this.#span, (span) => span.updateName(`handoff ${agentKey}`));
  }

  /** A word of a try. True when the work goes in circles now. `close` follows when the first one is written. */
  heard(word: HandoffWord & { readonly status: HandoffStatus }, isFirst: boolean): boolean {
    this.status = word.status;
    // Of one that is tried for ever the last word counts.
    this.words = this.words.length === 0 ? [word] : [...this.words.slice(0, MAX_WORDS - 1), word];
    if (this.#elsewhere) this.#elsewhere.status = word.status;
    if (this.answeredAt === undefined) this.#answered(word.at);
    // A later word, and nobody is at work who could say another one.
    else if (this.isOwn && !this.current?.isUnderWay && word.status !== 'accepted') this.#count();
    return this.#ledger?.heard(this, word, isFirst) === true;
  }

  #answered(at: Micros): void {
    this.answeredAt = at;
    if (!this.isOwn) return;
    this.#index?.answered(this);
    this.#waitsNoMore();
    countWait(this.#recorder.metrics, this, at - this.requestedAt);
  }

  /** What is waited for has come, or nobody waits any more. */
  #waitsNoMore(): void {
    this.#waiting?.delete(this);
    this.openSource?.asked?.delete(this);
  }

  /** The run that asked, while it is open in this process. */
  get openSource(): HandoffRun | undefined {
    return openRun(this.sourceRunId);
  }

  /** Nobody who has not taken it by then can take it any more, as far as this process knows. */
  expireIn(ms: number): void {
    this.#stopDeadline = startDeadline(ms, () => this.#deadlinePassed());
  }

  #deadlinePassed(): void {
    if (this.current !== undefined || !this.#span) return;
    const at = now();
    // Who has its carrier may have answered long ago: nobody here knows, and a late answer is still one.
    if (this.#givenAway) {
      this.#overdue = true;
      this.#waiting?.delete(this);
      this.#recorder.setAttribute(this.#span, key.ATTR_HANDOFF_OVERDUE, true);
      this.openSource?.event(key.EVENT_HANDOFF_DEADLINE_PASSED, { [key.ATTR_HANDOFF_ID]: this.id }, at);
      return;
    }
    this.begin(undefined).status = 'expired';
    this.status = 'expired';
    this.#answered(at);
    this.openSource?.event(key.EVENT_HANDOFF_EXPIRED, { [key.ATTR_HANDOFF_ID]: this.id }, at);
    this.close(at);
  }

  /** The app said that the source waits for the answer: its end is the end of the wait. Otherwise a later run may take over. */
  get endsWithSource(): boolean {
    return this.#modeGiven && this.mode === 'return_to_caller';
  }

  sourceEnded(): void {
    this.#waiting?.delete(this);
    this.close(now());
  }

  /** Too many wait, and this one has waited longest: it is recorded as it stands. */
  evict(): void {
    this.#recorder.diagnostics.warn(
      'too_many_open',
      'more than 10000 handoffs wait for an answer at once: the oldest is closed as it stands; give them expiresInMs, or end their sessions',
    );
    this.#waitsNoMore();
    this.close(now());
    this.forget();
  }

  /** Its session is over: its id is a place in a trace from now on. */
  forget(): void {
    if (!this.isOwn) return;
    this.#waiting?.delete(this);
    this.#index?.forgotten(this);
    if (!this.current?.isUnderWay) this.#count();
    this.record = undefined;
    this.#ledger = undefined;
  }

  /** Its session lives elsewhere, and what is recorded of it here has ended: it goes on waiting. */
  stays(): boolean {
    if (!this.#waiting?.has(this)) return false;
    this.record = undefined;
    this.#ledger = undefined;
    return true;
  }

  failed(description: string | undefined, type: string): void {
    if (!this.#span) return;
    this.#recorder.setAttribute(this.#span, key.ATTR_ERROR_TYPE, type);
    this.#recorder.write(this.#span, (span) => span.setStatus(errorStatus(description)));
  }

  /** Ends the wait, with whatever is known of it. */
  close(at: Micros): void {
    const span = this.#span;
    if (!span) return;
    this.#span = undefined;
    this.#stopDeadline?.();
    const attributes: Attributes = { [key.ATTR_HANDOFF_STATUS]: this.status };
    if (this.to) attributes[key.ATTR_HANDOFF_TARGET] = this.to.key;
    this.#recorder.end(span, this.requestedAt, at, attributes);
    // Who is at work on it has the last word; after an acceptance there may be another one.
    if (!this.current?.isUnderWay && this.status !== 'accepted') this.#count();
  }

  /** A run that had picked it up has ended, and will say no more. What did not succeed may be tried again. */
  tryEnded(attempt: { readonly status: HandoffStatus; readonly succeeded: boolean }): void {
    if (!this.isOwn) countReceived(this.#recorder.metrics, this, attempt.status);
    else if (attempt.succeeded || this.status !== 'accepted' || !this.record || this.record.over) this.#count();
  }

  /** Once, in the process that asked: whoever else knows more of it counts what was received. */
  #count(): void {
    const { metrics } = this.#recorder;
    if (this.#counted || !metrics.on) return;
    this.#counted = true;
    countRequested(metrics, this, this.#overdue);
  }
}

export interface HandoffInit {
  readonly place: SpanContext;
  readonly span?: Span | undefined;
  readonly source: string;
  readonly target?: HandoffTarget | undefined;
  readonly mode?: HandoffMode | undefined;
  readonly reason?: string | undefined;
  readonly requestedAt?: Micros | undefined;
  readonly sourceRun?: HandoffRun | undefined;
  readonly hangsAt?: SpanContext | undefined;
  readonly baggage?: Context | undefined;
  readonly elsewhere?: Elsewhere | undefined;
  /** Of one that was requested here. */
  readonly ledger?: HandoffLedger | undefined;
  readonly index?: HandoffIndex | undefined;
}
