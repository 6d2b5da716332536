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
import { type AnswerFacts, type HandoffFacts, LONGEST_CHAIN } from '../handoff-path.ts';
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

/** What this process knows of a handoff that it does not hold: of another process, or of a session that has ended. */
export interface Elsewhere {
  readonly source: string;
  /** The session that it belongs to, where known. */
  sessionId: string | undefined;
  /** The latest status of the latest try. */
  status: HandoffStatus;
  /** The run of this process that picked it up last. */
  runId: string | undefined;
}

/** The handoff side of a run. */
export interface HandoffRun extends OpenRun {
  /** The try at the handoff that this run picked up. */
  readonly pickedUp: Try<Handoff> | undefined;
  /** Handoffs that this run requested and waits for. When the run ends, there is no caller to return to. */
  readonly asked: Set<Handoff> | undefined;
  /** The run was started for a handoff that it could not pick up. Its answers go to that handoff and to no other. */
  readonly wasRefused: boolean;
  readonly hasParent: boolean;
  /** The context whose active span is the parent. */
  readonly parentContext: Context;
  /** Called when the run takes a handoff over at its start; the span already has the link. */
  takeOver(handoff: Handoff): Try<Handoff>;
  /** Called when the run picks a handoff up after its start. */
  pickUpLate(handoff: Handoff): Try<Handoff>;
  /** Called when the run requests a handoff; it waits for the answer until it ends. */
  addRequested(handoff: Handoff): void;
  addLink(link: Link): void;
}

/** Every run of this process is a HandoffRun. The folder `sessions`, which keeps the runs, does not know this type. */
export function handoffRun(run: OpenRun | undefined): HandoffRun | undefined {
  return run as HandoffRun | undefined;
}

export function openRun(id: string | undefined): HandoffRun | undefined {
  return id === undefined ? undefined : handoffRun(openRuns.get(id));
}

/** What a handoff calls on the session in which it was requested. */
export interface HandoffLedger {
  readonly waiting: Waiting<Handoff>;
  /** Returns true when the answer makes a loop. */
  addAnswer(handoff: Handoff, answer: AnswerFacts, isFirst: boolean): boolean;
}

/** What a handoff calls on the index by id. */
export interface HandoffIndex {
  answered(handoff: Handoff): void;
  forgotten(handoff: Handoff): void;
}

const NO_ANSWERS: readonly AnswerFacts[] = [];
const MAX_ANSWERS = 64;

/**
 * One agent asks another to take over. The span lasts as long as the wait: from the request to the first answer, or
 * until no answer can come any more. docs/span-model.md has the table of answers.
 */
export class Handoff implements HandoffHandle, HandoffRecord, HandoffFacts {
  readonly id: string;
  readonly spanContext: SpanContext;
  readonly source: string;
  readonly reason: string | undefined;
  /** Ids of the requesting run and of its parent run. */
  readonly sourceRunId: string | undefined;
  readonly sourceParentId: string | undefined;
  readonly previous: Handoff | undefined;
  readonly chainLength: number;
  readonly requestedAt: Micros;
  /**
   * The session in which it was requested, until that ends: a chain of handoffs must not keep every session and run
   * alive. For a handoff of another process, the session that it is known to belong to.
   */
  record: SessionRecord | undefined;
  readonly sessionId: string | undefined;
  /** Position in the order of the waiting handoffs. */
  turn = 0;
  to: HandoffTarget | undefined;
  mode: HandoffMode;
  /** The latest status over all tries. */
  status: HandoffStatus = 'requested';
  answers: readonly AnswerFacts[] = NO_ANSWERS;
  answeredAt: Micros | undefined;
  /** Agent of the first run that picked it up. */
  receiver: string | undefined;
  /** The current or latest try. */
  current: Try<Handoff> | undefined;
  readonly #recorder: Recorder;
  /** The ledger of `record`; set as long as that is. */
  #ledger: HandoffLedger | undefined;
  readonly #index: HandoffIndex | undefined;
  readonly #waiting: Waiting<Handoff> | undefined;
  readonly #modeGiven: boolean;
  /** The receiver's parent and its baggage. Not a context with a scope, which would keep the run alive. */
  readonly #receiverParent: SpanContext | undefined;
  readonly #baggage: Context | undefined;
  #counted = false;
  /** The app named no target. */
  #isForAnybody = false;
  /** The target is the step of the run that took it. */
  #isForStep = false;
  /** Agent that answered without a run, where the handoff named no target. */
  answerer: string | undefined;
  #stopDeadline: (() => void) | undefined;
  /** `carrier()` was called, so another process may have it. */
  #givenAway = false;
  #overdue = false;
  /** Open until the first answer; always `undefined` for a handoff of another process. */
  #span: Span | undefined;
  /** What is kept about a handoff of another process. */
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
    this.#receiverParent = init.receiverParent;
    this.#baggage = init.baggage;
    this.#elsewhere = init.elsewhere;
    if (init.elsewhere) this.status = init.elsewhere.status;
    this.spanContext = init.spanContext;
    this.id = formatTraceparent(init.spanContext);
    this.source = init.source;
    this.to = init.target;
    this.mode = init.mode ?? 'return_to_caller';
    this.reason = init.reason;
    this.requestedAt = init.requestedAt ?? 0;
    this.sourceRunId = init.sourceRun?.id;
    this.sourceParentId = init.sourceRun?.parentId;
    const previous = init.sourceRun?.pickedUp?.handoff;
    this.chainLength = (previous?.chainLength ?? 0) + 1;
    // An endless chain must not keep all its handoffs in memory.
    this.previous = this.chainLength % LONGEST_CHAIN === 0 ? undefined : previous;
  }

  /** Whether it was requested in this process. */
  get isOwn(): boolean {
    return this.#elsewhere === undefined;
  }

  /** Whether its span is open. */
  get isOpen(): boolean {
    return this.#span !== undefined;
  }

  /**
   * Parent of an answer's span: the span itself while it is open, because some SDKs build their trees from span objects
   * and not from ids.
   */
  get spanOrContext(): Span {
    return this.#span ?? trace.wrapSpanContext(this.spanContext);
  }

  get target(): string | undefined {
    return this.#isForStep ? this.receiver : (this.to?.key ?? this.answerer);
  }

  get waitMs(): number | undefined {
    if (this.answeredAt === undefined || !this.isOwn) return undefined;
    return Math.max(0, Math.round((this.answeredAt - this.requestedAt) / 1_000));
  }

  /** Whether the handoff is addressed to a run of this agent or with this step. */
  fits(agentKey: string, stepKey: string | undefined): boolean {
    return this.to === undefined || this.to.key === agentKey || this.to.key === stepKey;
  }

  carrier(): Record<string, string> {
    this.#givenAway = true;
    const where = this.#receiverParent && trace.setSpanContext(this.#baggage ?? ROOT_CONTEXT, this.#receiverParent);
    return writeCarrier(this.id, this.sessionId ?? '', this.source, where);
  }

  /** The receiving span repeats the link's attributes, because Jaeger does not show those. */
  describe(attributes: Attributes, receiverKey: string): void {
    attributes[key.ATTR_HANDOFF_ID] = this.id;
    if (this.source) attributes[key.ATTR_HANDOFF_SOURCE] = this.source;
    attributes[key.ATTR_HANDOFF_TARGET] = this.to?.key ?? receiverKey;
  }

  link(receiverKey: string): Link {
    const attributes: Attributes = { [key.ATTR_LINK_TYPE]: 'handoff' };
    this.describe(attributes, receiverKey);
    return linkTo(this.spanContext, attributes);
  }

  /**
   * Whether a run that names it may pick it up. A retried job has its carrier and may always try again. A run that
   * names the id may try again after a try that did not succeed. Two tries at once are never allowed: that is a
   * fan-out.
   */
  mayBePickedUp(byCarrier: boolean): boolean {
    const { current } = this;
    if (this.status === 'expired') return false;
    if (current === undefined) return true;
    if (current.runId !== undefined && openRuns.has(current.runId)) return false;
    return byCarrier || !current.succeeded;
  }

  /** Starts a try: by the run that picked it up, or by a caller without a run. */
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
    // The source had ended before the pick-up, so control was passed, whatever mode it would have had.
    this.mode = 'pass_control';
    if (this.#span) this.#recorder.setAttribute(this.#span, key.ATTR_HANDOFF_MODE, this.mode);
  }

  /** Continues a try of which this process knows only the status. */
  resumeTry(): Try<Handoff> {
    this.current = new Try(this, undefined);
    this.current.status = this.status;
    return this.current;
  }

  /**
   * The agent of the receiving run changed. Without a target from the app, the target changes, too. Returns whether it
   * did.
   */
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

  /** Adds an answer of a try. Returns true when it makes a loop. After the first answer, the caller calls `close`. */
  addAnswer(answer: AnswerFacts & { readonly status: HandoffStatus }, isFirst: boolean): boolean {
    this.status = answer.status;
    // A handoff may be tried again for ever, so the list is limited; the latest answer replaces the last.
    this.answers = this.answers.length === 0 ? [answer] : [...this.answers.slice(0, MAX_ANSWERS - 1), answer];
    if (this.#elsewhere) this.#elsewhere.status = answer.status;
    if (this.answeredAt === undefined) this.#answered(answer.at);
    // A later answer, and no run is at work that could give another one.
    else if (this.isOwn && !this.current?.isUnderWay && answer.status !== 'accepted') this.#count();
    return this.#ledger?.addAnswer(this, answer, isFirst) === true;
  }

  #answered(at: Micros): void {
    this.answeredAt = at;
    if (!this.isOwn) return;
    this.#index?.answered(this);
    this.#waitsNoMore();
    countWait(this.#recorder.metrics, this, at - this.requestedAt);
  }

  /** The answer has come, or is no longer waited for. */
  #waitsNoMore(): void {
    this.#waiting?.delete(this);
    this.openSource?.asked?.delete(this);
  }

  /** The requesting run, while it is open in this process. */
  get openSource(): HandoffRun | undefined {
    return openRun(this.sourceRunId);
  }

  /** Closes the handoff after `ms` when no run of this process has taken it by then. */
  expireIn(ms: number): void {
    this.#stopDeadline = startDeadline(ms, () => this.#deadlinePassed());
  }

  #deadlinePassed(): void {
    if (this.current !== undefined || !this.#span) return;
    const at = now();
    // A process that has the carrier may have answered already, unknown to this one, and a late answer still counts.
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

  /**
   * With an explicit `return_to_caller` the source waits for the answer, so the wait ends with the source. Otherwise a
   * later run may take over.
   */
  get endsWithSource(): boolean {
    return this.#modeGiven && this.mode === 'return_to_caller';
  }

  sourceEnded(): void {
    this.#waiting?.delete(this);
    this.close(now());
  }

  /** Too many handoffs wait, and this one has waited longest: it is closed as it is. */
  evict(): void {
    this.#recorder.diagnostics.warn(
      'too_many_open',
      'more than 10000 handoffs wait for an answer at once: the oldest is closed as it stands; give them expiresInMs, or end their sessions',
    );
    this.#waitsNoMore();
    this.close(now());
    this.forget();
  }

  /** The session has ended: from now on the id is only a span context. */
  forget(): void {
    if (!this.isOwn) return;
    this.#waiting?.delete(this);
    this.#index?.forgotten(this);
    if (!this.current?.isUnderWay) this.#count();
    this.record = undefined;
    this.#ledger = undefined;
  }

  /**
   * The session lives in another process, and its recording here has ended. Returns whether the handoff keeps waiting.
   */
  keepsWaiting(): boolean {
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

  /** Ends the wait with what is known. */
  close(at: Micros): void {
    const span = this.#span;
    if (!span) return;
    this.#span = undefined;
    this.#stopDeadline?.();
    const attributes: Attributes = { [key.ATTR_HANDOFF_STATUS]: this.status };
    if (this.to) attributes[key.ATTR_HANDOFF_TARGET] = this.to.key;
    this.#recorder.end(span, this.requestedAt, at, attributes);
    // A run at work on it will give the final status, and an accepted handoff may get another answer.
    if (!this.current?.isUnderWay && this.status !== 'accepted') this.#count();
  }

  /** The run of a try has ended and gives no further answer. A try that did not succeed may be followed by another. */
  tryEnded(attempt: { readonly status: HandoffStatus; readonly succeeded: boolean }): void {
    if (!this.isOwn) countReceived(this.#recorder.metrics, this, attempt.status);
    else if (attempt.succeeded || this.status !== 'accepted' || !this.record || this.record.over) this.#count();
  }

  /** Counts once, in the requesting process. Other processes count what they received. */
  #count(): void {
    const { metrics } = this.#recorder;
    if (this.#counted || !metrics.on) return;
    this.#counted = true;
    countRequested(metrics, this, this.#overdue);
  }
}

export interface HandoffInit {
  readonly spanContext: SpanContext;
  readonly span?: Span | undefined;
  readonly source: string;
  readonly target?: HandoffTarget | undefined;
  readonly mode?: HandoffMode | undefined;
  readonly reason?: string | undefined;
  readonly requestedAt?: Micros | undefined;
  readonly sourceRun?: HandoffRun | undefined;
  readonly receiverParent?: SpanContext | undefined;
  readonly baggage?: Context | undefined;
  readonly elsewhere?: Elsewhere | undefined;
  /** Set for a handoff that was requested here. */
  readonly ledger?: HandoffLedger | undefined;
  readonly index?: HandoffIndex | undefined;
}
