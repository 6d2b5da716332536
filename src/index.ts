/**
 * Baton: OpenTelemetry for multi-agent pipelines. Start with {@link Baton}.
 */
// Start here
export { Baton } from './baton.ts';
// Privacy
export type { ContentPolicy } from './content/content.ts';
export type { RedactionOptions } from './content/redact.ts';
// Errors
export type { BatonWarning } from './diagnostics.ts';
// What the doctor finds
export type { DiagnoseOptions } from './doctor/diagnose.ts';
export type { Diagnosis, Finding, FindingCode } from './doctor/finding.ts';
export { BatonError, type BatonErrorCode } from './errors.ts';
// What callbacks and `start…` give
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
// What an app can say
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
  Summary,
  Tool,
  ToolInput,
  TrackedEvent,
  Until,
  Usage,
  WorkflowStepInput,
} from './model.ts';
export type { BatonOptions } from './options.ts';
