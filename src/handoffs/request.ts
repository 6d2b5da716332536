import { type Attributes, type Context, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { withoutScope } from '../context/scope.ts';
import { describe } from '../errors.ts';
import type { HandoffMode, HandoffRequest } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { contextIn, NOT_RECORDED, resolve } from '../sessions/resolve.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { commonAttributes, handoffSpan, KIND_HANDOFF, toTarget } from '../span-model.ts';
import { now } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { Handoff, handoffRun } from './handoff.ts';
import { handoffIndex, knowHandoff } from './known-handoffs.ts';
import { ledgerOf } from './ledger.ts';

/** Returns `undefined` where nothing is recorded. */
export function requestHandoff(recorder: Recorder, active: Context, input: HandoffRequest): Handoff | undefined {
  const { content, diagnostics } = recorder;
  const found = resolve(recorder, active, input.sourceRunId, input.sessionId, 'sourceRunId');
  if (found === NOT_RECORDED) return undefined;
  const enclosing = found ?? new SessionRecord(recorder, active, undefined);
  if (enclosing.runId === undefined) {
    diagnostics.misuse('no_run', 'a handoff outside any run: name its sourceRunId, or call it inside withRun');
  }
  const { record } = enclosing;
  const target = toTarget(input.target, content);
  const expiresInMs = toMilliseconds(recorder, input.expiresInMs);
  const attributes = commonAttributes(record, enclosing.runId, enclosing.agent.key);
  const name = handoffSpan(attributes, input, target, content);
  if (recorder.operationNames === 'all') attributes[key.ATTR_GEN_AI_OPERATION_NAME] = 'handoff';
  const parent = contextIn(enclosing, active);
  const requestedAt = now();
  const span = recorder.start(name, KIND_HANDOFF, requestedAt, attributes, parent);
  if (!span || !recorder.follows(span)) return undefined;
  const run = handoffRun(enclosing.run);
  const ledger = ledgerOf(record);
  const handoff = new Handoff(recorder, record, {
    spanContext: span.spanContext(),
    span,
    source: enclosing.agent.key,
    target,
    mode: input.mode === 'pass_control' || input.mode === 'return_to_caller' ? input.mode : undefined,
    reason: attributes[key.ATTR_HANDOFF_REASON] as string | undefined,
    requestedAt,
    sourceRun: run,
    ledger,
    index: handoffIndex,
    receiverParent: trace.getSpanContext(receiverParent(enclosing, input.mode)),
    baggage: withoutScope(active),
  });
  recorder.setAttribute(span, key.ATTR_HANDOFF_ID, handoff.id);
  knowHandoff(handoff);
  ledger.add(handoff);
  if (handoff.endsWithSource) run?.addRequested(handoff);
  if (expiresInMs !== undefined) handoff.expireIn(expiresInMs);
  if (handoff.chainLength === recorder.handoffLimit + 1) recordLimit(handoff, record);
  // No owner is left that would close it, so it is recorded at once.
  if (!record.owner || (record.over && run?.ended !== false)) ledger.closeAll();
  return handoff;
}

/** The work has changed hands so often that perhaps no agent does it. */
function recordLimit(handoff: Handoff, { owner }: SessionRecord): void {
  const attributes: Attributes = { [key.ATTR_HANDOFF_COUNT]: handoff.chainLength };
  handoff.describe(attributes, handoff.to?.key ?? '');
  if (owner && !owner.ended) owner.event(key.EVENT_HANDOFF_LIMIT, attributes);
}

/** Any duration from 0. Infinity means no deadline. */
function toMilliseconds(recorder: Recorder, given: unknown): number | undefined {
  if (given === undefined || given === null || given === Number.POSITIVE_INFINITY) return undefined;
  if (typeof given === 'number' && given >= 0) return Math.ceil(given);
  recorder.diagnostics.misuse(
    'invalid_input',
    `expiresInMs: expected milliseconds from 0, got ${describe(given)}; the handoff has no deadline`,
  );
  return undefined;
}

/**
 * The context for the receiver. The source run outlasts the step that asks, so the run is the parent; with
 * `pass_control` the receiver becomes a sibling of the source.
 */
function receiverParent({ run: open, context }: EnclosingScope, mode: HandoffMode | undefined): Context {
  const run = handoffRun(open);
  if (!run) return context;
  return mode === 'pass_control' && run.hasParent ? run.parentContext : run.context;
}
