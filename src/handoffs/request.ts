import { type Attributes, type Context, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { withoutScope } from '../context/scope.ts';
import { describe } from '../errors.ts';
import type { HandoffMode, HandoffRequest } from '../model.ts';
import { commonAttributes, handoffSpan, KIND_HANDOFF, toTarget } from '../span-model.ts';
import { type Around, contextIn, locate, sessionIdOf } from '../sessions/resolve.ts';
import { now } from '../tracing/clock.ts';
import { Handoff } from './handoff.ts';
import { knowHandoff } from './known-handoffs.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { isSilent, type Silent, SilentHandoff, silentSessionId } from '../scopes/no-op.ts';

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
  const expiresInMs = toMilliseconds(recorder, input.expiresInMs);
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
  recorder.setAttribute(span, key.ATTR_HANDOFF_ID, handoff.id);
  knowHandoff(handoff);
  record.handoffs.add(handoff);
  if (handoff.endsWithSource) around.run?.asks(handoff);
  if (expiresInMs !== undefined) handoff.expireIn(expiresInMs);
  if (handoff.chainLength === recorder.handoffLimit + 1) noticeLimit(handoff, record);
  // Nobody is left who would close it: what the app asked for is recorded all the same.
  if (!record.owner || (record.over && around.run?.ended !== false)) record.handoffs.closeAll();
  return handoff;
}

/** The work has changed hands so often that nobody may be doing it. */
function noticeLimit(handoff: Handoff, { owner }: SessionRecord): void {
  const attributes: Attributes = { [key.ATTR_HANDOFF_COUNT]: handoff.chainLength };
  handoff.describe(attributes, handoff.to?.key ?? '');
  if (owner && !owner.ended) owner.event(key.EVENT_HANDOFF_LIMIT, attributes);
}

/** Any length of time from 0; for ever is no deadline. */
function toMilliseconds(recorder: Recorder, given: unknown): number | undefined {
  if (given === undefined || given === null || given === Number.POSITIVE_INFINITY) return undefined;
  if (typeof given === 'number' && given >= 0) return Math.ceil(given);
  recorder.diagnostics.misuse(
    'invalid_input',
    `expiresInMs: expected milliseconds from 0, got ${describe(given)}; the handoff has no deadline`,
  );
  return undefined;
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
