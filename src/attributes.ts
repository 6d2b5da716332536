/**
 * Every attribute, event, link key and metric that Baton writes: one list, held against the registry in `semconv/` by a test.
 *
 * Stable names come from `@opentelemetry/semantic-conventions`. Unstable ones are copied from conventions v1.41.0, because
 * OpenTelemetry asks libraries not to import the `incubating` entry at run time; a test compares the copies with it.
 */
export {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  EVENT_EXCEPTION,
} from '@opentelemetry/semantic-conventions';

/** The conventions that the copied names are taken from. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.41.0';

// OpenTelemetry, in development (copied from v1.41.0)
export const ATTR_SESSION_ID = 'session.id';
export const ATTR_SESSION_PREVIOUS_ID = 'session.previous_id';
export const ATTR_USER_ID = 'user.id';
export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id';
export const ATTR_GEN_AI_WORKFLOW_NAME = 'gen_ai.workflow.name';
export const ATTR_GEN_AI_AGENT_NAME = 'gen_ai.agent.name';
export const ATTR_GEN_AI_AGENT_ID = 'gen_ai.agent.id';
export const ATTR_GEN_AI_AGENT_DESCRIPTION = 'gen_ai.agent.description';
export const ATTR_GEN_AI_AGENT_VERSION = 'gen_ai.agent.version';
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
export const ATTR_GEN_AI_TOOL_NAME = 'gen_ai.tool.name';
export const ATTR_GEN_AI_TOOL_CALL_ID = 'gen_ai.tool.call.id';
export const ATTR_GEN_AI_TOOL_TYPE = 'gen_ai.tool.type';
export const ATTR_GEN_AI_TOOL_DESCRIPTION = 'gen_ai.tool.description';
export const ATTR_GEN_AI_TOOL_CALL_ARGUMENTS = 'gen_ai.tool.call.arguments';
export const ATTR_GEN_AI_TOOL_CALL_RESULT = 'gen_ai.tool.call.result';
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons';
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = 'gen_ai.usage.reasoning.output_tokens';
export const ATTR_MCP_METHOD_NAME = 'mcp.method.name';

export const GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW = 'invoke_workflow';
export const GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT = 'invoke_agent';
export const GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL = 'execute_tool';
export const GEN_AI_OPERATION_NAME_VALUE_CHAT = 'chat';
export const MCP_METHOD_NAME_VALUE_TOOLS_CALL = 'tools/call';

// Ours
export const ATTR_AGENT_KEY = 'baton.agent.key';
export const ATTR_AGENTS = 'baton.agents';
export const ATTR_ENVIRONMENT = 'baton.environment';

export const ATTR_SESSION_KIND = 'baton.session.kind';
export const ATTR_SESSION_STATUS = 'baton.session.status';
export const ATTR_SESSION_SAMPLED = 'baton.session.sampled';
export const ATTR_SESSION_INPUT_SUMMARY = 'baton.session.input_summary';
export const ATTR_SESSION_OUTPUT_SUMMARY = 'baton.session.output_summary';

export const ATTR_RUN_ID = 'baton.run.id';
export const ATTR_RUN_PARENT_ID = 'baton.run.parent_id';
export const ATTR_RUN_ROLE = 'baton.run.role';
export const ATTR_RUN_STATUS = 'baton.run.status';
export const ATTR_RUN_INPUT_SUMMARY = 'baton.run.input_summary';
export const ATTR_RUN_OUTPUT_SUMMARY = 'baton.run.output_summary';

export const ATTR_STEP_KEY = 'baton.step.key';
export const ATTR_STEP_NAME = 'baton.step.name';
export const ATTR_STEP_INDEX = 'baton.step.index';
export const ATTR_STEP_PAYLOAD_SUMMARY = 'baton.step.payload_summary';

export const ATTR_TOOL_PROVIDER = 'baton.tool.provider';
export const ATTR_TOOL_RISK_LEVEL = 'baton.tool.risk_level';
export const ATTR_TOOL_IDEMPOTENCY_KEY = 'baton.tool.idempotency_key';
export const ATTR_TOOL_CACHED = 'baton.tool.cached';
export const ATTR_ACTION_TYPE = 'baton.action.type';
export const ATTR_ACTION_NAME = 'baton.action.name';
export const ATTR_RESOURCE_TYPE = 'baton.resource.type';
export const ATTR_RESOURCE_ID = 'baton.resource.id';
export const ATTR_RESOURCE_PROVIDER = 'baton.resource.provider';
export const ATTR_RESOURCE_ENVIRONMENT = 'baton.resource.environment';

export const ATTR_HANDOFF_ID = 'baton.handoff.id';
export const ATTR_HANDOFF_MODE = 'baton.handoff.mode';
export const ATTR_HANDOFF_SOURCE = 'baton.handoff.source';
export const ATTR_HANDOFF_TARGET = 'baton.handoff.target';
/** What the target is, when it is not an agent: `human` or `queue`. */
export const ATTR_HANDOFF_TARGET_KIND = 'baton.handoff.target_kind';
export const ATTR_HANDOFF_REASON = 'baton.handoff.reason';
export const ATTR_HANDOFF_REASON_TYPE = 'baton.handoff.reason_type';
export const ATTR_HANDOFF_PAYLOAD_SUMMARY = 'baton.handoff.payload_summary';
export const ATTR_HANDOFF_STATUS = 'baton.handoff.status';
export const ATTR_HANDOFF_WAIT_MS = 'baton.handoff.wait_ms';
/** True when its deadline passed before its sender knew of an answer, and its carrier had been given away. */
export const ATTR_HANDOFF_OVERDUE = 'baton.handoff.overdue';
export const ATTR_HANDOFF_CONTEXT_MESSAGES = 'baton.handoff.context.messages';
export const ATTR_HANDOFF_CONTEXT_TOOL_EXECUTIONS = 'baton.handoff.context.tool_executions';
export const ATTR_HANDOFF_CONTEXT_BYTES = 'baton.handoff.context.bytes';
export const ATTR_HANDOFF_CONTEXT_METADATA_KEYS = 'baton.handoff.context.metadata_keys';
export const ATTR_HANDOFF_CONTEXT_FILTERED = 'baton.handoff.context.filtered';
export const ATTR_HANDOFF_CONTEXT_CONTENT = 'baton.handoff.context.content';
export const ATTR_HANDOFF_COUNT = 'baton.handoff.count';
export const ATTR_HANDOFF_PATH = 'baton.handoff.path';
export const ATTR_HANDOFF_LOOP = 'baton.handoff.loop';

export const ATTR_APPROVAL_ID = 'baton.approval.id';
export const ATTR_APPROVAL_TOOL = 'baton.approval.tool';
export const ATTR_APPROVAL_STATUS = 'baton.approval.status';
export const ATTR_APPROVAL_WAIT_MS = 'baton.approval.wait_ms';
export const ATTR_APPROVAL_APPROVER = 'baton.approval.approver';
export const ATTR_APPROVAL_REASON = 'baton.approval.reason';
export const ATTR_APPROVAL_DECISION_REASON = 'baton.approval.decision_reason';
export const ATTR_APPROVAL_PAYLOAD_SUMMARY = 'baton.approval.payload_summary';

/** True on a step, a tool call or a model call that was still open when its session ended. */
export const ATTR_ABANDONED = 'baton.abandoned';
export const ATTR_CANCELLED = 'baton.cancelled';

export const ATTR_LINK_TYPE = 'baton.link.type';

/** Followed by the app's own key: `baton.metadata.triggerKind`. */
export const PREFIX_METADATA = 'baton.metadata.';
/** How many entries of a metadata object were left out (over the limit, or not readable). */
export const ATTR_METADATA_DROPPED = 'baton.metadata_dropped';
/** How many events and links of a span were left out, because its provider keeps no more. */
export const ATTR_EVENTS_DROPPED = 'baton.events_dropped';
export const ATTR_LINKS_DROPPED = 'baton.links_dropped';
/** Followed by the currency: `baton.usage.cost.usd`. */
export const PREFIX_USAGE_COST = 'baton.usage.cost.';

// Span events of ours; an event of `track` bears the app's own name.
export const EVENT_HANDOFF_ACCEPTED = 'baton.handoff.accepted';
export const EVENT_HANDOFF_COMPLETED = 'baton.handoff.completed';
export const EVENT_HANDOFF_REJECTED = 'baton.handoff.rejected';
export const EVENT_HANDOFF_FAILED = 'baton.handoff.failed';
export const EVENT_HANDOFF_RETURNED = 'baton.handoff.returned';
export const EVENT_HANDOFF_EXPIRED = 'baton.handoff.expired';
export const EVENT_HANDOFF_DEADLINE_PASSED = 'baton.handoff.deadline_passed';
export const EVENT_HANDOFF_LIMIT = 'baton.handoff.limit_exceeded';
export const EVENT_HANDOFF_LOOP = 'baton.handoff.loop_detected';

// Ours: metrics
export const METRIC_HANDOFFS = 'baton.handoffs';
export const METRIC_RECEIVED_HANDOFFS = 'baton.received_handoffs';
export const METRIC_HANDOFF_WAIT_DURATION = 'baton.handoff.wait_duration';
export const METRIC_RUN_DURATION = 'baton.run.duration';
export const METRIC_TOOL_DURATION = 'baton.tool.duration';
export const METRIC_OPEN_SESSIONS = 'baton.open_sessions';
export const METRIC_DROPPED_SPANS = 'baton.dropped_spans';
export const METRIC_DROPPED_ATTRIBUTES = 'baton.dropped_attributes';
