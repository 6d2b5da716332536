import {
  ATTR_HANDOFF_MODE,
  ATTR_HANDOFF_OVERDUE,
  ATTR_HANDOFF_PAYLOAD_SUMMARY,
  ATTR_HANDOFF_REASON,
  ATTR_HANDOFF_REASON_TYPE,
  ATTR_HANDOFF_SOURCE,
  ATTR_HANDOFF_STATUS,
  ATTR_HANDOFF_TARGET,
  ATTR_HANDOFF_TARGET_KIND,
  ATTR_HANDOFF_WAIT_MS,
  ATTR_RUN_ID,
  ATTR_STEP_KEY,
} from '../attributes.ts';
import type { AgentNames } from './agent-names.ts';
import { readFlag, readNumber, readText } from './attribute-reader.ts';
import type { AnswerPiece, HandoffPieces } from './handoff-pieces.ts';
import type { SessionClock } from './session-clock.ts';
import type { HandoffAnswerRecord, HandoffReceiver, ReplayedHandoff, TimelineAgent } from './session-timeline.ts';
import { idOfSpan, type RecordedAttributes, type RecordedSpan } from './span.ts';
import { spanError } from './span-facts.ts';

/** One handoff told from whatever pieces of it were recorded: request, answers, the run that took over. */
export function describeHandoff(pieces: HandoffPieces, names: AgentNames, clock: SessionClock): ReplayedHandoff {
  const { request, answers, run, runs } = pieces;
  const place = request ?? answers[0]?.span ?? run;
  if (!place) throw new TypeError('a handoff is made of at least one span');
  const startUnixNano = startOfHandoff(pieces);
  const told = answers.map((answer) => describeAnswer(answer, pieces, names, clock));
  const last = told.at(-1);
  const receiver = run && describeReceiver(run, names);
  const first = (key: string) => firstText([request, ...answers, run], key);
  const ofRun = runs.map(({ attributes }) => readText(attributes, ATTR_HANDOFF_STATUS)).findLast(Boolean);

  return {
    id: pieces.id,
    traceId: place.traceId,
    spanId: place.spanId,
    source: names.find(first(ATTR_HANDOFF_SOURCE)) ?? (request && names.of(request)),
    target: describeTarget(first(ATTR_HANDOFF_TARGET), pieces, names) ?? receiver?.agent ?? last?.agent,
    targetKind: first(ATTR_HANDOFF_TARGET_KIND),
    mode: first(ATTR_HANDOFF_MODE),
    reason: request && readText(request.attributes, ATTR_HANDOFF_REASON),
    reasonType: request && readText(request.attributes, ATTR_HANDOFF_REASON_TYPE),
    payloadSummary: request && readText(request.attributes, ATTR_HANDOFF_PAYLOAD_SUMMARY),
    status: last?.status ?? ofRun ?? (request ? (first(ATTR_HANDOFF_STATUS) ?? 'requested') : 'accepted'),
    overdue: (request && readFlag(request.attributes, ATTR_HANDOFF_OVERDUE)) || undefined,
    error: (answers.length > 0 ? last?.error : undefined) ?? (request && spanError(request)),
    startUnixMs: clock.unixMs(startUnixNano),
    offsetMs: clock.offsetMs(startUnixNano),
    waitMs: waitOf(pieces, clock),
    answers: told,
    receiver,
  };
}

/** When it was asked for; without the request, the first that is known of it. */
export function startOfHandoff({ request, answers, run }: HandoffPieces): bigint {
  if (request) return request.startUnixNano;
  const [answer] = answers;
  if (!answer || !run) return answer?.timeUnixNano ?? run?.startUnixNano ?? 0n;
  return answer.timeUnixNano < run.startUnixNano ? answer.timeUnixNano : run.startUnixNano;
}

function describeAnswer(
  { status, timeUnixNano, attributes, span, by }: AnswerPiece,
  pieces: HandoffPieces,
  names: AgentNames,
  clock: SessionClock,
): HandoffAnswerRecord {
  const isOwnSpan = span.kind === 'consumer';
  return {
    status,
    offsetMs: clock.offsetMs(timeUnixNano),
    afterMs: clock.durationMs(startOfHandoff(pieces), timeUnixNano),
    agent: isOwnSpan || by ? names.of(span) : undefined,
    reason: readText(attributes, ATTR_HANDOFF_REASON),
    payloadSummary: readText(attributes, ATTR_HANDOFF_PAYLOAD_SUMMARY),
    error: isOwnSpan ? spanError(span) : undefined,
  };
}

function describeReceiver(run: RecordedSpan, names: AgentNames): HandoffReceiver {
  return {
    runId: readText(run.attributes, ATTR_RUN_ID) ?? idOfSpan(run),
    traceId: run.traceId,
    spanId: run.spanId,
    agent: names.of(run),
  };
}

/** A target is an agent's key or the `stepKey` of the run that takes over; then it is that run's agent. */
function describeTarget(
  target: string | undefined,
  { run }: HandoffPieces,
  names: AgentNames,
): TimelineAgent | undefined {
  const isStep = run !== undefined && target !== undefined && readText(run.attributes, ATTR_STEP_KEY) === target;
  return (isStep ? names.of(run) : undefined) ?? names.find(target);
}

function waitOf({ request, answers }: HandoffPieces, clock: SessionClock): number | undefined {
  const [answer] = answers;
  const measured = answer && readNumber(answer.attributes, ATTR_HANDOFF_WAIT_MS);
  if (measured !== undefined && measured >= 0) return measured;
  if (!request) return undefined;
  return clock.durationMs(request.startUnixNano, answer?.timeUnixNano ?? request.endUnixNano);
}

function firstText(
  pieces: readonly ({ readonly attributes: RecordedAttributes } | undefined)[],
  key: string,
): string | undefined {
  for (const piece of pieces) {
    const text = piece && readText(piece.attributes, key);
    if (text !== undefined) return text;
  }
  return undefined;
}
