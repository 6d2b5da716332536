import { formatTraceparent, parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import type { RunInput } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import type { SessionRecord } from '../sessions/session-record.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { Carried } from './carrier.ts';
import { elsewhereById, rememberElsewhere } from './elsewhere.ts';
import { Handoff } from './handoff.ts';
import { handoffById } from './known-handoffs.ts';
import { ledgerOf } from './ledger.ts';

/**
 * The handoff that a starting run picks up: the one that it names or whose carrier it has, else the oldest that waits
 * for it.
 */
export function pickUp(
  recorder: Recorder,
  input: RunInput,
  carried: Carried | undefined,
  enclosing: EnclosingScope,
  agentKey: string,
): Handoff | undefined {
  const handoffId = input.handoffId ?? carried?.handoffId;
  if (handoffId === undefined || handoffId === null) {
    const receiver = { agentKey, stepKey: input.stepKey, runId: undefined };
    return ledgerOf(enclosing.record).waiting.find(enclosing.runId, receiver);
  }
  const known = handoffById(handoffId);
  if (known === undefined) return handoffElsewhere(recorder, handoffId, enclosing.record, carried?.source);
  if (known.mayBePickedUp(carried?.handoffId === handoffId)) return known;
  recorder.diagnostics.misuse(
    'handoff_already_picked_up',
    known.status === 'expired'
      ? 'handoffId: this handoff expired before a run picked it up, and cannot be picked up now'
      : 'handoffId: another run has picked this handoff up; for a fan-out, request one handoff for each receiver; a job can be tried again after a try that failed',
  );
  return undefined;
}

/**
 * A handoff that this process does not hold. Its id is the span context for the answer, and earlier answers from here
 * are remembered. Warns about an invalid id.
 */
export function handoffElsewhere(
  recorder: Recorder,
  handoffId: unknown,
  record: SessionRecord | undefined,
  source = '',
): Handoff | undefined {
  const spanContext = parseTraceparent(handoffId);
  if (!spanContext) {
    const message = `handoffId: expected the id of a handoff, got ${describe(handoffId)}`;
    recorder.diagnostics.misuse('unknown_handoff', message);
    return undefined;
  }
  const id = formatTraceparent(spanContext);
  const known =
    elsewhereById(id) ?? rememberElsewhere(id, { source, sessionId: undefined, status: 'requested', runId: undefined });
  known.sessionId ??= record?.sessionId;
  return new Handoff(recorder, record, { spanContext, source: source || known.source, elsewhere: known });
}
