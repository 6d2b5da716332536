import type { Handoff } from '../handoffs/handoff.ts';
import { requestHandoff } from '../handoffs/request.ts';
import type { HandoffRequest } from '../model.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { type NoOp, noOpHandoff } from './no-op.ts';

/** A handoff is no scope: it only waits. What is not recorded gets the same handle as scopes get. */
export function startHandoff(recorder: Recorder, input: HandoffRequest): Handoff | NoOp {
  const active = recorder.active();
  return requestHandoff(recorder, active, input) ?? noOpHandoff(recorder, active, input);
}
