import { acceptHandoff, completeHandoff, failHandoff, rejectHandoff, returnHandoff } from './handoffs/answer.ts';
import * as fields from './input.ts';
import type {
  ApprovalAnswer,
  ApprovalInput,
  CapturedError,
  HandoffAnswer,
  HandoffRequest,
  McpCallInput,
  ModelCallInput,
  RunInput,
  SessionInput,
  ToolInput,
  TrackedEvent,
  WorkflowStepInput,
} from './model.ts';
import { resolveApproval, startApproval } from './scopes/approval.ts';
import { captureError, trackEvent } from './scopes/event.ts';
import { startModelCall } from './scopes/model-call.ts';
import { startChildRun, startRun } from './scopes/run.ts';
import { startHandoff } from './scopes/start-handoff.ts';
import { resumeSession, startSession } from './scopes/start-session.ts';
import { startMcpCall, startTool } from './scopes/tool-call.ts';
import { startWorkflowStep } from './scopes/workflow-step.ts';
import type { Recorder } from './tracing/recorder.ts';

/** One thing that an app can say: how it is read, and what is done with it. */
export interface Call<Input extends object, Result> {
  readonly read: (given: Input) => Input;
  readonly act: (recorder: Recorder, input: Input) => Result;
}

export const SESSION: Call<SessionInput, object> = { read: fields.session, act: startSession };
export const RESUMED: Call<SessionInput, object> = { read: fields.session, act: resumeSession };
export const RUN: Call<RunInput, object> = { read: fields.run, act: startRun };
export const CHILD_RUN: Call<RunInput, object> = { read: fields.run, act: startChildRun };
export const STEP: Call<WorkflowStepInput, object> = { read: fields.step, act: startWorkflowStep };
export const TOOL: Call<ToolInput, object> = { read: fields.tool, act: startTool };
export const MCP_CALL: Call<McpCallInput, object> = { read: fields.mcpCall, act: startMcpCall };
export const MODEL_CALL: Call<ModelCallInput, object> = { read: fields.modelCall, act: startModelCall };
export const APPROVAL: Call<ApprovalInput, object> = { read: fields.approval, act: startApproval };
export const HANDOFF: Call<HandoffRequest, object> = { read: fields.handoff, act: startHandoff };
export const ACCEPTED: Call<HandoffAnswer, void> = { read: fields.answer, act: acceptHandoff };
export const COMPLETED: Call<HandoffAnswer, void> = { read: fields.answer, act: completeHandoff };
export const REJECTED: Call<HandoffAnswer, void> = { read: fields.answer, act: rejectHandoff };
export const FAILED: Call<HandoffAnswer, void> = { read: fields.answer, act: failHandoff };
export const RETURNED: Call<HandoffAnswer, void> = { read: fields.answer, act: returnHandoff };
export const DECISION: Call<ApprovalAnswer, void> = { read: fields.decision, act: resolveApproval };
export const EVENT: Call<TrackedEvent, void> = { read: fields.event, act: trackEvent };
export const ERROR: Call<CapturedError, void> = { read: fields.error, act: captureError };
