import type { RunInput } from '../model.ts';
import { remoteHandoff } from './answer.ts';
import type { Around } from './around.ts';
import type { Carried } from './carrier.ts';
import type { Handoff } from './handoff.ts';
import type { Recorder } from './recorder.ts';
import { handoffById } from './registry.ts';

/** The handoff that a starting run picks up: the one it names or was sent, else the oldest that waits for it. */
export function pickUp(
  recorder: Recorder,
  input: RunInput,
  carried: Carried | undefined,
  around: Around,
  agentKey: string,
): Handoff | undefined {
  const handoffId = input.handoffId ?? carried?.handoffId;
  if (handoffId === undefined || handoffId === null) {
    const receiver = { agentKey, stepKey: input.stepKey, runId: undefined };
    return around.record.handoffs.waitingFor(around.runId, receiver);
  }
  const known = handoffById(handoffId);
  if (known === undefined) return remoteHandoff(recorder, handoffId, around, carried?.source);
  if (known.receiverId === undefined && known.answeredAt === undefined) return known;
  recorder.diagnostics.misuse(
    'handoff_already_picked_up',
    'handoffId: another run has picked this handoff up; a fan-out asks once for each receiver',
  );
  return undefined;
}
