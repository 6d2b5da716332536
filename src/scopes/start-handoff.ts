import type { Handoff } from '../handoffs/handoff.ts';
import { requestHandoff } from '../handoffs/request.ts';
import type { HandoffRequest } from '../model.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { type NoOp, noOpHandoff } from './no-op.ts';

/**
 * A handoff is not a scope, because no code runs in it. Where it is not recorded, it has a no-op handle like scopes.
 */
export function startHandoff(recorder: Recorder, input: HandoffRequest): Handoff | NoOp {
  const active = recorder.active();
  return requestHandoff(recorder, active, input) ?? noOpHandoff(recorder, active, input);
}
