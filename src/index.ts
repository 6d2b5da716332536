/**
 * Baton records multi-agent pipelines as OpenTelemetry spans. Start with {@link Baton}.
 */
// Start here
export { Baton } from './baton.ts';
// Privacy
export type { ContentPolicy } from './content/content.ts';
export type { RedactionOptions } from './content/redact.ts';
// Errors
export type { BatonWarning } from './diagnostics.ts';
// The findings of `diagnose`
export type { DiagnoseOptions } from './doctor/diagnose.ts';
export type { Diagnosis, Finding, FindingCode } from './doctor/finding.ts';
export { BatonError, type BatonErrorCode } from './errors.ts';
// The handles of callbacks and of `start…`
export type {
  Approval,
  Handoff,
  HandoffRecord,
  HandoffStatistics,
  ModelCall,
  ReceivedHandoff,
  Run,
  Scoped,
  Session,
  SessionHandoffs,
  ToolCall,
  WorkflowStep,
} from './handles.ts';
// The inputs of the calls
export type {
  Action,
  ActionType,
  Agent,
  ApprovalAnswer,
  ApprovalDecision,
  ApprovalInput,
  ApprovalStatus,
  CapturedError,
  Carrier,
  ChildRunInput,
  Given,
  HandoffAnswer,
  HandoffContext,
  HandoffMode,
  HandoffReasonType,
  HandoffReply,
  HandoffRequest,
  HandoffStatus,
  HandoffTarget,
  IncomingHeaders,
  InRunInput,
  McpCallInput,
  Metadata,
  ModelCallInput,
  ModelResponse,
  OpenWord,
  Resource,
  ResourceType,
  RiskLevel,
  RunInput,
  RunRole,
  SessionInput,
  SessionKind,
  StepMetadata,
  Stoppable,
  Summary,
  Tool,
  ToolInput,
  TrackedEvent,
  Until,
  Usage,
  WorkflowStepInput,
} from './model.ts';
export type { BatonOptions } from './options.ts';
