import * as key from '../attributes.ts';
import type { WorkflowStep as WorkflowStepHandle } from '../handles.ts';
import type { Summary, WorkflowStepInput } from '../model.ts';
import { KIND_INTERNAL, outputSummary, stepSpan } from '../span-model.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { InRun, type InRunKind, startInRun } from './in-run.ts';
import type { NoOp } from './no-op.ts';

/** A named piece of a run. */
export class WorkflowStep extends InRun implements WorkflowStepHandle {
  setPayloadSummary(summary: Summary): void {
    this.write((attributes) =>
      outputSummary(attributes, key.ATTR_STEP_PAYLOAD_SUMMARY, summary, this.recorder.content),
    );
  }
}

const STEP: InRunKind<WorkflowStep> = {
  what: 'a workflow step',
  spanKind: KIND_INTERNAL,
  make: (recorder, opening, span, startedAt) => new WorkflowStep(recorder, opening, span, startedAt),
};

export function startWorkflowStep(recorder: Recorder, input: WorkflowStepInput): WorkflowStep | NoOp {
  return startInRun(recorder, STEP, input, (attributes, given, content) => {
    if (recorder.operationNames === 'all') attributes[key.ATTR_GEN_AI_OPERATION_NAME] = 'run_step';
    return stepSpan(attributes, given, content);
  });
}
