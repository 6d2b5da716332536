import type { Attributes, Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { fromId } from '../context/place.ts';
import { withScope } from '../context/scope.ts';
import { describe } from '../errors.ts';
import type { HandoffAnswer, HandoffStatus } from '../model.ts';
import { answerName, commonAttributes, KIND_ANSWER } from '../span-model.ts';
import { type Around, locate } from './around.ts';
import { type Micros, now, tick, toHrTime } from './clock.ts';
import { errorStatus, errorTypeOf, exceptionAttributes } from './failure.ts';
import { Handoff } from './handoff.ts';
import { hasEnded } from './known-runs.ts';
import { linkTo, type Recorder } from './recorder.ts';
import { handoffById, registry } from './registry.ts';
import type { Run } from './run.ts';
import { SessionRecord } from './session-record.ts';
import { isSilent } from './silent.ts';

type AnswerStatus = 'accepted' | 'completed' | 'rejected' | 'returned' | 'failed';

const EVENTS: Record<AnswerStatus, string> = {
  accepted: key.EVENT_HANDOFF_ACCEPTED,
  completed: key.EVENT_HANDOFF_COMPLETED,
  rejected: key.EVENT_HANDOFF_REJECTED,
  returned: key.EVENT_HANDOFF_RETURNED,
  failed: key.EVENT_HANDOFF_FAILED,
};

/** The first time it means accepted, after that done. */
export const completeHandoff = (recorder: Recorder, input: HandoffAnswer): void => answer(recorder, 'completed', input);
export const rejectHandoff = (recorder: Recorder, input: HandoffAnswer): void => answer(recorder, 'rejected', input);
export const returnHandoff = (recorder: Recorder, input: HandoffAnswer): void => answer(recorder, 'returned', input);
export const failHandoff = (recorder: Recorder, input: HandoffAnswer): void => answer(recorder, 'failed', input);

function answer(recorder: Recorder, asked: AnswerStatus, input: HandoffAnswer): void {
  const active = recorder.active();
  if (isSilent(active, input.runId)) return;
  const around = locate(recorder, active, input.runId, input.sessionId, 'runId');
  const handoff = findHandoff(recorder, input, around);
  if (!handoff) return;
  const run = whoAnswers(handoff, around?.run);
  const first = handoff.answeredAt === undefined;
  const status = asked === 'completed' && first ? 'accepted' : asked;
  if (!first && !mayFollow(handoff.status, status)) {
    recorder.diagnostics.misuse(
      'handoff_already_answered',
      `the handoff was ${handoff.status} already, it cannot be ${status} now; one handoff has one answer`,
    );
    return;
  }
  if (run && handoff.receiverId === undefined) run.pickUpLate(handoff);
  const { content } = recorder;
  const details: Attributes = {};
  const reason = content.summary(input.reason, key.ATTR_HANDOFF_REASON);
  const payload = content.summary(input.payloadSummary, key.ATTR_HANDOFF_PAYLOAD_SUMMARY);
  if (reason !== undefined) details[key.ATTR_HANDOFF_REASON] = reason;
  if (payload !== undefined) details[key.ATTR_HANDOFF_PAYLOAD_SUMMARY] = payload;
  if (first) writeAnswer(recorder, handoff, run ?? around ?? handoff.record, status, { details, error: input.error });
  else follow(handoff, run, status, details);
  if (status === 'returned') handBack(handoff, run);
}

/**
 * The run that takes over: the one that is named or around, but never the one that asked: that may report the answer of
 * a person or a queue, and of the run that picked the handoff up.
 */
function whoAnswers(handoff: Handoff, run: Run | undefined): Run | undefined {
  if (run && run.id !== handoff.sourceRunId) return run;
  return handoff.receiverId === undefined ? undefined : registry.runs.get(handoff.receiverId);
}

/** After acceptance the work may still be completed, returned or fail; everything else is final. */
function mayFollow(before: HandoffStatus, status: AnswerStatus): boolean {
  return before === 'accepted' && (status === 'completed' || status === 'returned' || status === 'failed');
}

function findHandoff(recorder: Recorder, input: HandoffAnswer, around: Around | undefined): Handoff | undefined {
  const { handoffId } = input;
  const run = around?.run;
  if (handoffId !== undefined && handoffId !== null) {
    const known = handoffById(handoffId) ?? (run?.pickedUp?.ownId === handoffId ? run.pickedUp : undefined);
    // Its session is over here, and somebody else got its carrier: who is in no run can only report what is told there.
    if (!known && !run && fromId(handoffId) && hasEnded(handoffId)) {
      recorder.diagnostics.misuse(
        'handoff_already_answered',
        'handoffId: the session of that handoff is over; its answer is recorded by the run that got the carrier',
      );
      return undefined;
    }
    return known ?? remoteHandoff(recorder, handoffId, around);
  }
  if (run?.pickedUp) return run.pickedUp;
  if (run?.cameForNone) return undefined;
  const receiver = { agentKey: run?.agent.key ?? '', stepKey: run?.stepKey, runId: run?.id };
  const waiting = around?.record.handoffs.waitingFor(run?.parentId, receiver);
  if (waiting) return waiting;
  recorder.diagnostics.misuse('no_handoff', 'there is no open handoff that this run could answer; name its handoffId');
  return undefined;
}

/** A handoff of another process: its id is a place to hang the answer on. What is no id is warned about. */
export function remoteHandoff(
  recorder: Recorder,
  handoffId: unknown,
  around: Around | undefined,
  source = '',
): Handoff | undefined {
  const place = fromId(handoffId);
  if (!place) {
    recorder.diagnostics.misuse(
      'unknown_handoff',
      `handoffId: expected the id of a handoff, got ${describe(handoffId)}`,
    );
    return undefined;
  }
  const record = around?.record ?? new SessionRecord(recorder, recorder.active());
  return new Handoff(recorder, record, { place, source });
}

interface AnswerDetails {
  readonly details?: Attributes | undefined;
  readonly error?: unknown;
  /** When it was answered; default now. */
  readonly at?: Micros | undefined;
}

/**
 * The first answer: a CONSUMER span below the handoff, an event on the receiver's run, the end of the handoff. What the
 * sender reports of an answer in another process has its span there.
 */
export function writeAnswer(
  recorder: Recorder,
  handoff: Handoff,
  around: Around,
  status: AnswerStatus,
  { details, error, at }: AnswerDetails,
): void {
  const { record, run } = around;
  const startedAt = at === undefined ? now() : at + 1;
  handoff.answered(status, startedAt);
  const attributes = commonAttributes(record, around.runId, around.agent.key);
  handoff.describe(attributes, around.agent.key);
  attributes[key.ATTR_HANDOFF_STATUS] = status;
  if (handoff.waitMs !== undefined) attributes[key.ATTR_HANDOFF_WAIT_MS] = handoff.waitMs;
  Object.assign(attributes, details);
  const name = answerName(status, handoff.source);
  if (recorder.operationNames === 'all') [attributes[key.ATTR_GEN_AI_OPERATION_NAME]] = name.split(' ');
  const parent = withScope(around.context, handoff.spanOrPlace, around);
  const isReport = handoff.isAnsweredElsewhere;
  const span = isReport ? undefined : recorder.start(name, KIND_ANSWER, startedAt, attributes, parent);
  if (status === 'failed') failAnswer(recorder, handoff, span, error, details);
  if (span) recorder.end(span, startedAt, at === undefined ? tick() : startedAt + 1);
  if (run) announce(handoff, run, status, (isReport && details) || {}, at === undefined ? tick() : startedAt + 1);
  handoff.close(at === undefined ? tick() : startedAt + 2);
  if (status === 'accepted') noticeLoop(handoff, record);
}

function failAnswer(
  recorder: Recorder,
  handoff: Handoff,
  span: Span | undefined,
  error: unknown,
  details?: Attributes,
): void {
  const known = error !== undefined;
  const exception = known ? exceptionAttributes(error, recorder.content) : {};
  const message = (exception[key.ATTR_EXCEPTION_MESSAGE] ?? details?.[key.ATTR_HANDOFF_REASON]) as string | undefined;
  const type = known ? errorTypeOf(error, recorder.content) : 'handoff_failed';
  if (known) span?.addEvent(key.EVENT_EXCEPTION, exception, toHrTime(now()));
  span?.setAttribute(key.ATTR_ERROR_TYPE, type);
  span?.setStatus(errorStatus(message));
  handoff.failed(message, type);
}

/** A later word on a handoff that was accepted: an event, because its span and its answer are closed. */
function follow(handoff: Handoff, run: Run | undefined, status: AnswerStatus, details: Attributes): void {
  handoff.status = status;
  if (run && !run.ended) announce(handoff, run, status, details, now());
}

function announce(handoff: Handoff, run: Run, status: AnswerStatus, details: Attributes, at: Micros): void {
  run.event(EVENTS[status], { [key.ATTR_HANDOFF_ID]: handoff.ownId, ...details }, at);
  // The run that asked reports what somebody else decided: it bears no status of its own request.
  if (run.id !== handoff.sourceRunId) run.set(key.ATTR_HANDOFF_STATUS, status);
}

/** The work is back with the source: a link to where it comes from, when the source is still at work here. */
function handBack(handoff: Handoff, run: Run | undefined): void {
  handoff.returnedAt = now();
  const source = handoff.sourceRunId === undefined ? undefined : registry.runs.get(handoff.sourceRunId);
  if (!source || source.ended || !run || source === run) return;
  source.event(key.EVENT_HANDOFF_RETURNED, { [key.ATTR_HANDOFF_ID]: handoff.ownId });
  // A root span with a link into its own trace would be drawn below its own child.
  if (!source.hasParent) return;
  const attributes: Attributes = { [key.ATTR_LINK_TYPE]: 'return' };
  handoff.describe(attributes, run.agent.key);
  source.span.addLink(linkTo(run.span.spanContext(), attributes));
}

function noticeLoop(handoff: Handoff, record: SessionRecord): void {
  if (!record.handoffs.repeats(handoff)) return;
  record.handoffs.loop = true;
  const attributes: Attributes = {};
  handoff.describe(attributes, handoff.target ?? '');
  record.owner?.event(key.EVENT_HANDOFF_LOOP, attributes);
}
