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

/** The handoff that a starting run picks up: the one it names or was sent, else the oldest that waits for it. */
export function pickUp(
  recorder: Recorder,
  input: RunInput,
  carried: Carried | undefined,
  around: EnclosingScope,
  agentKey: string,
): Handoff | undefined {
  const handoffId = input.handoffId ?? carried?.handoffId;
  if (handoffId === undefined || handoffId === null) {
    const receiver = { agentKey, stepKey: input.stepKey, runId: undefined };
    return ledgerOf(around.record).waiting.find(around.runId, receiver);
  }
  const known = handoffById(handoffId);
  if (known === undefined) return handoffElsewhere(recorder, handoffId, around.record, carried?.source);
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
 * A handoff that this process does not have: its id is a place to hang the answer on, and what was said of it here lately is
 * remembered. What is no id is warned about.
 */
export function handoffElsewhere(
  recorder: Recorder,
  handoffId: unknown,
  record: SessionRecord | undefined,
  source = '',
): Handoff | undefined {
  const place = parseTraceparent(handoffId);
  if (!place) {
    const message = `handoffId: expected the id of a handoff, got ${describe(handoffId)}`;
    recorder.diagnostics.misuse('unknown_handoff', message);
    return undefined;
  }
  const id = formatTraceparent(place);
  const known =
    elsewhereById(id) ?? rememberElsewhere(id, { source, sessionId: undefined, status: 'requested', runId: undefined });
  known.sessionId ??= record?.sessionId;
  return new Handoff(recorder, record, { place, source: source || known.source, elsewhere: known });
}
