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
import { toId } from '../context/place.ts';
import { withoutScope } from '../context/scope.ts';
import type { Handoff as HandoffHandle, HandoffRecord } from '../handles.ts';
import type { HandoffMode, HandoffRequest, HandoffStatus, HandoffTarget } from '../model.ts';
import { commonAttributes, handoffSpan, KIND_HANDOFF, toTarget } from '../span-model.ts';
import { LONGEST_TIMER_MS } from '../time-limit.ts';
import { type Around, contextIn, locate, sessionIdOf } from './around.ts';
import { writeCarrier } from './carrier.ts';
import { type Micros, now } from './clock.ts';
import { errorStatus } from './failure.ts';
import { rememberEnded } from './known-runs.ts';
import { linkTo, type Recorder } from './recorder.ts';
import { registry, remember } from './registry.ts';
import type { Run } from './run.ts';
import { SessionRecord } from './session-record.ts';
import { isSilent, type Silent, SilentHandoff, silentSessionId } from './silent.ts';

const MAX_CHAIN = 200;

/**
 * One agent asks another to take over. Its span is as long as the wait: it opens with the request and closes with the
 * first answer, or when nobody can answer any more.
 */
export class Handoff implements HandoffHandle, HandoffRecord {
  /** The id, for Baton itself: reading `id` makes the handoff known by it. */
  readonly ownId: string;
  readonly place: SpanContext;
  readonly source: string;
  readonly reason: string | undefined;
  /** Ids of the run that hands over, and of the run above it. */
  readonly sourceRunId: string | undefined;
  readonly sourceParentId: string | undefined;
  /** The handoff that the source itself had picked up: one step back in the chain of custody. */
  readonly previous: Handoff | undefined;
  readonly chainLength: number;
  readonly requestedAt: Micros | undefined;
  to: HandoffTarget | undefined;
  mode: HandoffMode;
  status: HandoffStatus = 'requested';
  /** The id of the run that picked it up. */
  receiverId: string | undefined;
  answeredAt: Micros | undefined;
  /** Somebody took the work, for a while at least. */
  moved = false;
  returnedAt: Micros | undefined;
  readonly #recorder: Recorder;
  /** Whether it is known by its id; and whether it still can be: of this process, and its session is not over. */
  #named = false;
  #nameable: boolean;
  readonly #modeGiven: boolean;
  /** Where the receiver hangs, and the baggage that goes along: no scope, which would keep its run alive. */
  readonly #hangsAt: SpanContext | undefined;
  readonly #baggage: Context | undefined;
  /** The session that it was requested in. */
  readonly record: SessionRecord;
  #counted = false;
  /** The app named no target. */
  #isForAnybody = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  /** Whoever reads the carrier counts what came of it. */
  #sentAway = false;
  /** Open while nobody has answered; never there for a handoff of another process. */
  #span: Span | undefined;

  constructor(recorder: Recorder, record: SessionRecord, init: HandoffInit) {
    this.#recorder = recorder;
    this.record = record;
    this.#span = init.span;
    this.#nameable = init.span !== undefined;
    this.#modeGiven = init.mode !== undefined;
    this.#hangsAt = init.hangsAt;
    this.#baggage = init.baggage;
    this.place = init.place;
    this.ownId = toId(init.place);
    this.source = init.source;
    this.to = init.target;
    this.mode = init.mode ?? 'return_to_caller';
    this.reason = init.reason;
    this.requestedAt = init.requestedAt;
    this.sourceRunId = init.sourceRun?.id;
    this.sourceParentId = init.sourceRun?.parentId;
    const previous = init.sourceRun?.pickedUp;
    this.chainLength = (previous?.chainLength ?? 0) + 1;
    // An endless chain must not keep every handoff it ever had.
    this.previous = this.chainLength % MAX_CHAIN === 0 ? undefined : previous;
  }

  /** Nobody who has not read the id can name it: only then is it kept where it can be found. */
  get id(): string {
    if (this.#nameable) {
      this.#nameable = false;
      this.#named = true;
      if (this.settled) remember(registry.answeredHandoffs, this.ownId, this);
      else remember(registry.handoffs, this.ownId, this, this.#recorder.diagnostics);
    }
    return this.ownId;
  }

  /** Its session is over: its id is a place in a trace from now on. */
  forget(): void {
    this.#nameable = false;
    if (!this.#named) return;
    registry.handoffs.delete(this.ownId);
    registry.answeredHandoffs.delete(this.ownId);
    if (this.#sentAway) rememberEnded(this.ownId);
  }

  /** Another process got its carrier, and no run of this one took it: the answer is written and counted there. */
  get isAnsweredElsewhere(): boolean {
    return this.#sentAway && this.receiverId === undefined;
  }

  /** To hang an answer on: the span itself while it is open, because some SDKs build their trees from spans and no ids. */
  get spanOrPlace(): Span {
    return this.#span ?? trace.wrapSpanContext(this.place);
  }

  get target(): string | undefined {
    return this.to?.key;
  }

  get settled(): boolean {
    return this.answeredAt !== undefined;
  }

  get waitMs(): number | undefined {
    if (this.answeredAt === undefined || this.requestedAt === undefined) return undefined;
    return Math.max(0, Math.round((this.answeredAt - this.requestedAt) / 1_000));
  }

  /** Whether a run of this agent, or with this step, is who was asked. */
  fits(agentKey: string, stepKey: string | undefined): boolean {
    return this.to === undefined || this.to.key === agentKey || this.to.key === stepKey;
  }

  carrier(): Record<string, string> {
    this.#sentAway = true;
    const where = this.#hangsAt && trace.setSpanContext(this.#baggage ?? ROOT_CONTEXT, this.#hangsAt);
    return writeCarrier(this.id, this.record.sessionId, this.source, where);
  }

  /** What the receiving run's span repeats of the link, because Jaeger shows no link attributes. */
  describe(attributes: Attributes, receiverKey: string): void {
    attributes[key.ATTR_HANDOFF_ID] = this.ownId;
    if (this.source) attributes[key.ATTR_HANDOFF_SOURCE] = this.source;
    attributes[key.ATTR_HANDOFF_TARGET] = this.to?.key ?? receiverKey;
  }

  link(receiverKey: string): Link {
    const attributes: Attributes = { [key.ATTR_LINK_TYPE]: 'handoff' };
    this.describe(attributes, receiverKey);
    return linkTo(this.place, attributes);
  }

  pickedUpBy(run: Run): void {
    this.receiverId = run.id;
    run.pickedUp = this;
    this.record.handoffs.taken(this);
    if (this.to === undefined) this.#takenBy(run.agent.key);
    if (!this.#modeGiven && this.sourceRunId !== undefined && !registry.runs.has(this.sourceRunId)) {
      // The source had ended before anybody took over: control was passed, whatever it meant to do.
      this.mode = 'pass_control';
      this.#span?.setAttribute(key.ATTR_HANDOFF_MODE, this.mode);
    }
  }

  /** Who picked it up turns out to be another agent: the target is whoever took it, unless the app named one. */
  receiverIs(agentKey: string): boolean {
    if (!this.#isForAnybody) return false;
    this.#takenBy(agentKey);
    return true;
  }

  #takenBy(agentKey: string): void {
    this.#isForAnybody = true;
    this.to = { key: agentKey, kind: 'agent' };
    this.#span?.updateName(`handoff ${agentKey}`);
  }

  /** The first answer; `close` follows when it is written. */
  answered(status: HandoffStatus, at: Micros): void {
    this.status = status;
    this.answeredAt = at;
    this.moved = status !== 'rejected' && status !== 'failed' && status !== 'expired';
    if (this.#named && registry.handoffs.delete(this.ownId)) remember(registry.answeredHandoffs, this.ownId, this);
    this.record.handoffs.taken(this);
    const { metrics } = this.#recorder;
    if (metrics.on && this.requestedAt !== undefined) {
      metrics.handoffWait(at - this.requestedAt, this.#counting(), trace.setSpanContext(ROOT_CONTEXT, this.place));
    }
  }

  /** Nobody who has not taken it by then can take it any more. */
  expireIn(ms: number): void {
    this.#deadline = setTimeout(
      () => {
        if (this.receiverId !== undefined || this.answeredAt !== undefined || !this.#span) return;
        const at = now();
        this.answered('expired', at);
        const source = this.sourceRunId === undefined ? undefined : registry.runs.get(this.sourceRunId);
        source?.event(key.EVENT_HANDOFF_EXPIRED, { [key.ATTR_HANDOFF_ID]: this.ownId }, at);
        this.close(at);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    // A deadline keeps no process alive.
    (this.#deadline as { unref?: () => void }).unref?.();
  }

  /** `return_to_caller`: nobody is left to return to. Otherwise a later run may still take over. */
  sourceEnded(): void {
    if (!this.#modeGiven || this.mode !== 'return_to_caller') return;
    this.record.handoffs.taken(this);
    this.close(now());
  }

  failed(description: string | undefined, type: string): void {
    this.#span?.setAttribute(key.ATTR_ERROR_TYPE, type);
    this.#span?.setStatus(errorStatus(description));
  }

  close(at: Micros): void {
    const span = this.#span;
    if (span) {
      this.#span = undefined;
      this.record.handoffs.closed(this);
      const attributes: Attributes = { [key.ATTR_HANDOFF_STATUS]: this.status };
      if (this.to) attributes[key.ATTR_HANDOFF_TARGET] = this.to.key;
      this.#recorder.end(span, this.requestedAt ?? at, at, attributes);
    }
    if (this.#deadline !== undefined) clearTimeout(this.#deadline);
    if (!this.#recorder.metrics.on) return;
    // Who is at work on it has the last word; who got it in another process has the only one.
    const isTaken = this.receiverId !== undefined && registry.runs.has(this.receiverId);
    if (!isTaken && !this.isAnsweredElsewhere) this.#count();
  }

  /** The run that picked it up has ended: what came of the handoff is known. */
  receiverEnded(): void {
    this.#count();
  }

  #count(): void {
    const { metrics } = this.#recorder;
    if (this.#counted || !metrics.on) return;
    this.#counted = true;
    metrics.handoff(
      { ...this.#counting(), [key.ATTR_HANDOFF_MODE]: this.mode },
      trace.setSpanContext(ROOT_CONTEXT, this.place),
    );
  }

  #counting(): Attributes {
    return {
      [key.ATTR_HANDOFF_STATUS]: this.status,
      [key.ATTR_HANDOFF_SOURCE]: this.source,
      [key.ATTR_HANDOFF_TARGET]: this.to?.key ?? '',
    };
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
  readonly sourceRun?: Run | undefined;
  readonly hangsAt?: SpanContext | undefined;
  readonly baggage?: Context | undefined;
}

export function requestHandoff(recorder: Recorder, input: HandoffRequest): Handoff | Silent {
  const active = recorder.active();
  const { content, diagnostics } = recorder;
  if (isSilent(active, input.sourceRunId, input.sessionId)) return silentHandoff(recorder, input, active);
  const found = locate(recorder, active, input.sourceRunId, input.sessionId, 'sourceRunId');
  const around = found ?? new SessionRecord(recorder, active, undefined);
  if (around.runId === undefined) {
    diagnostics.misuse('no_run', 'a handoff outside any run: name its sourceRunId, or call it inside withRun');
  }
  const { record } = around;
  const target = toTarget(input.target, content);
  const attributes = commonAttributes(record, around.runId, around.agent.key);
  const name = handoffSpan(attributes, input, target, content);
  if (recorder.operationNames === 'all') attributes[key.ATTR_GEN_AI_OPERATION_NAME] = 'handoff';
  const parent = contextIn(around, active);
  const requestedAt = now();
  const span = recorder.start(name, KIND_HANDOFF, requestedAt, attributes, parent);
  if (!span || !recorder.follows(span)) return silentHandoff(recorder, input, active);
  const handoff = new Handoff(recorder, record, {
    place: span.spanContext(),
    span,
    source: around.agent.key,
    target,
    mode: input.mode === 'pass_control' || input.mode === 'return_to_caller' ? input.mode : undefined,
    reason: attributes[key.ATTR_HANDOFF_REASON] as string | undefined,
    requestedAt,
    sourceRun: around.run,
    hangsAt: trace.getSpanContext(whereReceiverHangs(around, input.mode)),
    baggage: withoutScope(active),
  });
  span.setAttribute(key.ATTR_HANDOFF_ID, handoff.ownId);
  record.handoffs.add(handoff);
  const deadline = content.integer(input.expiresInMs, 'expiresInMs');
  if (deadline !== undefined) handoff.expireIn(deadline);
  if (handoff.chainLength === recorder.handoffLimit + 1) noticeLimit(handoff);
  // Nobody is left who would close it: what the app asked for is recorded all the same.
  if (!record.owner || (record.over && around.run?.ended !== false)) record.handoffs.closeAll();
  return handoff;
}

/** The work has changed hands so often that nobody may be doing it. */
function noticeLimit(handoff: Handoff): void {
  const attributes: Attributes = { [key.ATTR_HANDOFF_COUNT]: handoff.chainLength };
  handoff.describe(attributes, handoff.target ?? '');
  handoff.record.owner?.event(key.EVENT_HANDOFF_LIMIT, attributes);
}

function silentHandoff(recorder: Recorder, input: HandoffRequest, active: Context): Silent {
  const sessionId = sessionIdOf(recorder, input.sessionId) ?? silentSessionId(active);
  return new SilentHandoff(active, sessionId, input.sourceRunId);
}

/** The source run outlasts the step that asks; who passes control leaves the receiver in its own place. */
function whereReceiverHangs({ run, context }: Around, mode: HandoffMode | undefined): Context {
  if (!run) return context;
  return mode === 'pass_control' && run.hasParent ? run.parentContext : run.context;
}

/** The link at a receiver's start; none to its own parent, which backends merge away. */
export function linksTo(handoff: Handoff, parent: Context, receiverKey: string): Link[] | undefined {
  const parentId = trace.getSpan(parent)?.spanContext().spanId;
  return parentId === handoff.place.spanId ? undefined : [handoff.link(receiverKey)];
}
