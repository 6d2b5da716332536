import { type Attributes, type Context, type Span, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { withScope } from '../context/scope.ts';
import { parseTraceparent } from '../context/traceparent.ts';
import type { HandoffAnswer } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { NOT_RECORDED, resolve } from '../sessions/resolve.ts';
import { hasEnded } from '../sessions/runs.ts';
import { type SessionRecord, sessionById } from '../sessions/session-record.ts';
import { answerName, commonAttributes, KIND_ANSWER } from '../span-model.ts';
import { type Micros, now, tick, toHrTime } from '../tracing/clock.ts';
import { errorStatus, errorTypeOf, exceptionAttributes } from '../tracing/failure.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { elsewhereById, wasRequestedHere } from './elsewhere.ts';
import { type Elsewhere, type Handoff, type HandoffRun, handoffRun, openRun } from './handoff.ts';
import { handoffById } from './known-handoffs.ts';
import { ledgerOf } from './ledger.ts';
import { handoffElsewhere } from './pick-up.ts';
import type { Try } from './try.ts';

/** The status that an answer gives. `trackHandoffCompleted` on a handoff that was not accepted counts as `accepted`. */
type AnswerStatus = 'accepted' | 'completed' | 'rejected' | 'returned' | 'failed';

const EVENTS: Record<AnswerStatus, string> = {
  accepted: key.EVENT_HANDOFF_ACCEPTED,
  completed: key.EVENT_HANDOFF_COMPLETED,
  rejected: key.EVENT_HANDOFF_REJECTED,
  returned: key.EVENT_HANDOFF_RETURNED,
  failed: key.EVENT_HANDOFF_FAILED,
};

type Answer = (recorder: Recorder, input: HandoffAnswer) => void;

export const acceptHandoff: Answer = (recorder, input) => answer(recorder, 'accepted', input);
/** The first call means `accepted`, the second `completed`. */
export const completeHandoff: Answer = (recorder, input) => answer(recorder, 'completed', input);
export const rejectHandoff: Answer = (recorder, input) => answer(recorder, 'rejected', input);
export const returnHandoff: Answer = (recorder, input) => answer(recorder, 'returned', input);
export const failHandoff: Answer = (recorder, input) => answer(recorder, 'failed', input);

function answer(recorder: Recorder, asked: AnswerStatus, input: HandoffAnswer): void {
  const active = recorder.active();
  const enclosing = resolve(recorder, active, input.runId, input.sessionId, 'runId');
  if (enclosing === NOT_RECORDED) return;
  const attempt = findTry(recorder, input, enclosing, active);
  if (!attempt) return;
  recordAnswer(
    recorder,
    attempt,
    enclosing,
    attempt.status === 'requested' && asked === 'completed' ? 'accepted' : asked,
    input,
  );
}

/**
 * The try that is answered: of the named handoff, else of the one that the run picked up, else of the oldest that
 * waits.
 */
function findTry(
  recorder: Recorder,
  input: HandoffAnswer,
  enclosing: EnclosingScope | undefined,
  active: Context,
): Try<Handoff> | undefined {
  const { handoffId } = input;
  const run = handoffRun(enclosing?.run);
  if (handoffId !== undefined && handoffId !== null) {
    if (run?.pickedUp?.handoff.id === handoffId) return run.pickedUp;
    const known = handoffById(handoffId);
    return known ? tryOf(known, run) : tryElsewhere(recorder, handoffId, enclosing, active);
  }
  if (run?.pickedUp) return run.pickedUp;
  if (run?.wasRefused) return undefined;
  const receiver = { agentKey: run?.agent.key ?? '', stepKey: run?.stepKey, runId: run?.id };
  const waiting = enclosing && ledgerOf(enclosing.record).waiting.find(run?.parentId, receiver);
  if (waiting) return tryOf(waiting, run);
  recorder.diagnostics.misuse('no_handoff', 'there is no open handoff that this run could answer; name its handoffId');
  return undefined;
}

/** A run that answers a waiting handoff picks it up. The run that requested it never does; it reports. */
function tryOf(handoff: Handoff, run: HandoffRun | undefined): Try<Handoff> {
  if (handoff.current) return handoff.current;
  return run && run.id !== handoff.sourceRunId ? run.pickUpLate(handoff) : handoff.begin(undefined);
}

/** A try at a handoff that this process does not hold. No session is created for it. */
function tryElsewhere(
  recorder: Recorder,
  handoffId: unknown,
  enclosing: EnclosingScope | undefined,
  active: Context,
): Try<Handoff> | undefined {
  const known = typeof handoffId === 'string' ? elsewhereById(handoffId) : undefined;
  const run = handoffRun(enclosing?.run);
  const receiver = openRun(known?.runId);
  if (receiver?.pickedUp?.handoff.id === handoffId) return receiver?.pickedUp;
  if (!run && parseTraceparent(handoffId) && isAnsweredAndOver(String(handoffId), known)) {
    recorder.diagnostics.misuse(
      'handoff_already_answered',
      'handoffId: the session of that handoff is over; its answer is recorded by the run that picked it up',
    );
    return undefined;
  }
  const sessionId = known?.sessionId;
  const record = enclosing?.record ?? (sessionId === undefined ? undefined : sessionById(recorder, active, sessionId));
  const handoff = handoffElsewhere(recorder, handoffId, record);
  if (!handoff) return undefined;
  if (handoff.status !== 'requested') return handoff.resumeTry();
  return run ? run.pickUpLate(handoff) : handoff.begin(undefined);
}

/**
 * Whether the handoff was answered by a run, or while its session lasted. A caller outside any run cannot change that
 * answer.
 */
function isAnsweredAndOver(handoffId: string, known: Elsewhere | undefined): boolean {
  if (!known) return wasRequestedHere(handoffId, true);
  return (
    known.runId !== undefined &&
    known.status !== 'requested' &&
    (wasRequestedHere(handoffId, false) || wasRequestedHere(handoffId, true))
  );
}

interface AnswerDetails extends Pick<HandoffAnswer, 'reason' | 'payloadSummary' | 'error'> {
  /** When it was answered; default now. */
  readonly at?: Micros | undefined;
}

/**
 * Records one answer to a handoff, as the table in docs/span-model.md defines it. The first answer of a try is a
 * CONSUMER span below the handoff and ends the wait. A later one is an event on the run, or a span when there is no
 * run.
 */
export function recordAnswer(
  recorder: Recorder,
  attempt: Try<Handoff>,
  enclosing: EnclosingScope | undefined,
  status: AnswerStatus,
  answer: AnswerDetails,
): void {
  const { handoff } = attempt;
  if (!attempt.mayBecome(status)) {
    recorder.diagnostics.misuse(
      'handoff_already_answered',
      `the handoff was ${attempt.status} already, it cannot be ${status} now; one handoff has one answer`,
    );
    return;
  }
  const { content } = recorder;
  const details: Attributes = {};
  const reason = content.summary(answer.reason, key.ATTR_HANDOFF_REASON);
  const payload = content.summary(answer.payloadSummary, key.ATTR_HANDOFF_PAYLOAD_SUMMARY);
  if (reason !== undefined) details[key.ATTR_HANDOFF_REASON] = reason;
  if (payload !== undefined) details[key.ATTR_HANDOFF_PAYLOAD_SUMMARY] = payload;

  const receiver = openRun(attempt.runId);
  const answeringRun = enclosing?.run;
  const isReport = answeringRun !== undefined && answeringRun.id === handoff.sourceRunId;
  const isElsewhere = attempt.runId === undefined && answersElsewhere(handoff, enclosing, isReport);
  // The requesting run reports on behalf of the run that works on the handoff.
  const answerer = (isReport ? receiver : (answeringRun ?? receiver)) ?? enclosing ?? sessionOf(recorder, handoff);
  const run = runForEvent(isElsewhere ? handoff.openSource : handoffRun(answerer?.run), answer);
  const isFirst = attempt.status === 'requested';
  const hasSpan = !isElsewhere && (isFirst || run === undefined);
  const startedAt = answer.at === undefined ? now() : answer.at + 1;

  attempt.status = status;
  const by = attempt.runId !== undefined && attempt.runId === answerer?.runId ? attempt.agentKey : undefined;
  const isLoop = handoff.addAnswer({ status, at: startedAt, by }, isFirst);
  const span = hasSpan ? startAnswer(recorder, handoff, answerer, status, startedAt, details) : undefined;
  if (status === 'failed') failAnswer(recorder, handoff, span, answer.error, details);
  if (span) recorder.end(span, startedAt, after(answer, 1));
  if (run) recordEvent(attempt, run, status, hasSpan ? undefined : details, span ? after(answer, 1) : startedAt);
  if (isFirst) handoff.close(after(answer, 2));
  if (isLoop) recordLoop(handoff);
  if (status === 'returned') handBack(handoff, run);
}

/** A time `offset` microseconds after the answer. For an answer that is given now, the clock's next tick. */
function after({ at }: AnswerDetails, offset: number): Micros {
  return at === undefined ? tick() : at + 1 + offset;
}

/** The enclosing scope of an answer that no run and no session gives. */
function sessionOf(recorder: Recorder, { record, sessionId }: Handoff): SessionRecord | undefined {
  if (record || sessionId === undefined) return record;
  return sessionById(recorder, recorder.active(), sessionId);
}

/** The run that receives the event: an open one, or one that is about to end without an answer. */
function runForEvent(run: HandoffRun | undefined, { at }: AnswerDetails): HandoffRun | undefined {
  return run && (!run.ended || at !== undefined) ? run : undefined;
}

/**
 * Whether another process records the answer. That is so when the requesting run, or a caller that names a remote run,
 * reports the decision of an agent whose run is not in this process. People record nothing, so a report about a person
 * is the answer itself.
 */
function answersElsewhere(handoff: Handoff, enclosing: EnclosingScope | undefined, isReport: boolean): boolean {
  if (!handoff.isOwn || handoff.to?.kind === 'human') return false;
  if (isReport) return true;
  return enclosing?.runId !== undefined && enclosing.run === undefined && !hasEnded(enclosing.runId);
}

function startAnswer(
  recorder: Recorder,
  handoff: Handoff,
  answerer: EnclosingScope | undefined,
  status: AnswerStatus,
  startedAt: Micros,
  details: Attributes,
): Span | undefined {
  const agentKey = answerer?.agent.key ?? recorder.agent.key;
  handoff.answerer ??= agentKey;
  const attributes = commonAttributes(answerer?.record, answerer?.runId, agentKey);
  handoff.describe(attributes, agentKey);
  attributes[key.ATTR_HANDOFF_STATUS] = status;
  // Only the first answer has the wait.
  if (handoff.waitMs !== undefined && handoff.answers.length === 1)
    attributes[key.ATTR_HANDOFF_WAIT_MS] = handoff.waitMs;
  Object.assign(attributes, details);
  const name = answerName(status, handoff.source);
  if (recorder.operationNames === 'all') [attributes[key.ATTR_GEN_AI_OPERATION_NAME]] = name.split(' ');
  const parent = answerer
    ? withScope(answerer.context, handoff.spanOrContext, answerer)
    : trace.setSpan(recorder.active(), handoff.spanOrContext);
  return recorder.start(name, KIND_ANSWER, startedAt, attributes, parent);
}

function failAnswer(
  recorder: Recorder,
  handoff: Handoff,
  span: Span | undefined,
  error: unknown,
  details: Attributes,
): void {
  const known = error !== undefined;
  const exception = known ? exceptionAttributes(error, recorder.content) : {};
  const message = (exception[key.ATTR_EXCEPTION_MESSAGE] ?? details[key.ATTR_HANDOFF_REASON]) as string | undefined;
  const type = known ? errorTypeOf(error, recorder.content) : 'handoff_failed';
  handoff.failed(message, type);
  if (!span) {
    // There is no span, so the event alone holds the error.
    Object.assign(details, exception);
    return;
  }
  recorder.write(span, (open) => {
    if (known) open.addEvent(key.EVENT_EXCEPTION, exception, toHrTime(now()));
    open.setAttribute(key.ATTR_ERROR_TYPE, type).setStatus(errorStatus(message));
  });
}

function recordEvent(
  { handoff, runId }: Try<Handoff>,
  run: HandoffRun,
  status: AnswerStatus,
  details: Attributes | undefined,
  at: Micros,
): void {
  const attributes: Attributes = { [key.ATTR_HANDOFF_ID]: handoff.id };
  if (details) Object.assign(attributes, details);
  run.event(EVENTS[status], attributes, at);
  // A run that reports the decision of another run does not get its status.
  if (run.id === runId) run.set(key.ATTR_HANDOFF_STATUS, status);
}

/** Returned work: links the source run to the run that returns it, while the source is open in this process. */
function handBack(handoff: Handoff, run: HandoffRun | undefined): void {
  const source = handoff.openSource;
  if (!source || source.ended || !run || source === run) return;
  source.event(key.EVENT_HANDOFF_RETURNED, { [key.ATTR_HANDOFF_ID]: handoff.id });
  // Backends draw a root span with a link into its own trace below its own child.
  if (!source.hasParent) return;
  const attributes: Attributes = { [key.ATTR_LINK_TYPE]: 'return' };
  handoff.describe(attributes, run.agent.key);
  source.addLink(linkTo(run.span.spanContext(), attributes));
}

function recordLoop(handoff: Handoff): void {
  const owner = handoff.record?.owner;
  if (!owner || owner.ended) return;
  const attributes: Attributes = {};
  handoff.describe(attributes, handoff.to?.key ?? '');
  owner.event(key.EVENT_HANDOFF_LOOP, attributes);
}
