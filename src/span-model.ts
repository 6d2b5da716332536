/**
 * The span model in code: what was said -> name, kind and attributes (docs/span-model.md). Pure functions; nothing here
 * starts a span, knows a scope or keeps state.
 */
import { type Attributes, SpanKind } from '@opentelemetry/api';
import * as key from './attributes.ts';
import { type Content, isExportable } from './content/content.ts';
import type {
  Action,
  Agent,
  ApprovalDecision,
  ApprovalInput,
  HandoffContext,
  HandoffRequest,
  HandoffStatus,
  HandoffTarget,
  McpCallInput,
  ModelCallInput,
  ModelResponse,
  Resource,
  RunInput,
  SessionInput,
  StepMetadata,
  Summary,
  Tool,
  ToolInput,
  Usage,
  WorkflowStepInput,
} from './model.ts';

/** Kinds of spans: a model call leaves the process, a handoff is produced and its answer consumes it. */
export const KIND_INTERNAL: SpanKind = SpanKind.INTERNAL;
export const KIND_MODEL_CALL: SpanKind = SpanKind.CLIENT;
export const KIND_HANDOFF: SpanKind = SpanKind.PRODUCER;
export const KIND_ANSWER: SpanKind = SpanKind.CONSUMER;

/** Who a span belongs to: on every span inside a session, and nothing else is inherited. */
export interface Belonging {
  readonly sessionId: string;
  readonly userId: string | undefined;
  readonly conversationId: string | undefined;
}

function set(attributes: Attributes, name: string, value: string | number | boolean | string[] | undefined): void {
  if (value !== undefined) attributes[name] = value;
}

/** The common attributes; the start of every attribute object of ours. */
export function commonAttributes(
  to: Belonging | undefined,
  runId: string | undefined,
  agentKey: string | undefined,
): Attributes {
  const attributes: Attributes = to ? { [key.ATTR_SESSION_ID]: to.sessionId } : {};
  set(attributes, key.ATTR_RUN_ID, runId);
  set(attributes, key.ATTR_AGENT_KEY, agentKey);
  set(attributes, key.ATTR_USER_ID, to?.userId);
  set(attributes, key.ATTR_GEN_AI_CONVERSATION_ID, to?.conversationId);
  return attributes;
}

export function sessionSpan(attributes: Attributes, input: SessionInput, content: Content): string {
  const kind = content.name(input.kind, key.ATTR_SESSION_KIND);
  const word = content.name(input.name, key.ATTR_GEN_AI_WORKFLOW_NAME) ?? kind;
  set(attributes, key.ATTR_SESSION_KIND, kind);
  set(attributes, key.ATTR_SESSION_INPUT_SUMMARY, content.summary(input.inputSummary, key.ATTR_SESSION_INPUT_SUMMARY));
  set(attributes, key.ATTR_SESSION_PREVIOUS_ID, content.name(input.previousSessionId, key.ATTR_SESSION_PREVIOUS_ID));
  content.metadata(attributes, input.metadata);
  // The conventions: no workflow span for one agent on its own.
  if (kind === 'single_agent') return named('session', word);
  attributes[key.ATTR_GEN_AI_OPERATION_NAME] = key.GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW;
  set(attributes, key.ATTR_GEN_AI_WORKFLOW_NAME, word);
  return named(key.GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW, word);
}

/** Where it happens: on the span it is given to, or that opens a trace of ours. */
export function environmentOf(attributes: Attributes, environment: string | undefined, content: Content): void {
  set(attributes, key.ATTR_ENVIRONMENT, content.name(environment, key.ATTR_ENVIRONMENT));
}

export function runSpan(attributes: Attributes, input: RunInput, agent: Agent, content: Content): string {
  attributes[key.ATTR_GEN_AI_OPERATION_NAME] = key.GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT;
  stepMetadata(attributes, input, content);
  set(attributes, key.ATTR_RUN_ROLE, content.name(input.role, key.ATTR_RUN_ROLE));
  const summary = input.inputSummary ?? input.payloadSummary;
  set(attributes, key.ATTR_RUN_INPUT_SUMMARY, content.summary(summary, key.ATTR_RUN_INPUT_SUMMARY));
  content.metadata(attributes, input.metadata);
  return agentAttributes(attributes, agent);
}

/** Writes who runs, and gives the span's name. The agent's words are redacted already (`toAgent`). */
export function agentAttributes(attributes: Attributes, agent: Agent): string {
  const name = agent.name ?? agent.key;
  attributes[key.ATTR_AGENT_KEY] = agent.key;
  attributes[key.ATTR_GEN_AI_AGENT_ID] = agent.key;
  attributes[key.ATTR_GEN_AI_AGENT_NAME] = name;
  set(attributes, key.ATTR_GEN_AI_AGENT_DESCRIPTION, agent.description);
  set(attributes, key.ATTR_GEN_AI_AGENT_VERSION, agent.version);
  return named(key.GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT, name);
}

/** An agent as the app gave it (an object, or its key), redacted; `undefined` for what is neither. */
export function toAgent(given: Agent | string | undefined | null, content: Content): Agent | undefined {
  if (typeof given === 'string') {
    const name = content.name(given, key.ATTR_AGENT_KEY);
    return name ? { key: name } : undefined;
  }
  if (typeof given !== 'object' || given === null) return undefined;
  const agentKey = content.name(given.key, key.ATTR_AGENT_KEY);
  if (!agentKey) return undefined;
  return {
    key: agentKey,
    name: content.name(given.name, key.ATTR_GEN_AI_AGENT_NAME),
    description: content.name(given.description, key.ATTR_GEN_AI_AGENT_DESCRIPTION),
    version: content.name(given.version, key.ATTR_GEN_AI_AGENT_VERSION),
  };
}

export function stepSpan(attributes: Attributes, input: WorkflowStepInput, content: Content): string {
  stepMetadata(attributes, input, content);
  set(attributes, key.ATTR_STEP_PAYLOAD_SUMMARY, content.summary(input.payloadSummary, key.ATTR_STEP_PAYLOAD_SUMMARY));
  content.metadata(attributes, input.metadata);
  return named('run_step', (attributes[key.ATTR_STEP_KEY] ?? attributes[key.ATTR_STEP_NAME]) as string | undefined);
}

function stepMetadata(attributes: Attributes, input: StepMetadata, content: Content): void {
  set(attributes, key.ATTR_STEP_KEY, content.name(input.stepKey, key.ATTR_STEP_KEY));
  set(attributes, key.ATTR_STEP_NAME, content.name(input.stepName, key.ATTR_STEP_NAME));
  set(attributes, key.ATTR_STEP_INDEX, content.integer(input.stepIndex, key.ATTR_STEP_INDEX));
}

export function toolSpan(attributes: Attributes, input: ToolInput, content: Content): string {
  const tool: Partial<Tool> = typeof input.tool === 'string' ? { name: input.tool } : (input.tool ?? {});
  const name = content.name(tool.name, key.ATTR_GEN_AI_TOOL_NAME) ?? 'unknown';
  attributes[key.ATTR_GEN_AI_OPERATION_NAME] = key.GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL;
  attributes[key.ATTR_GEN_AI_TOOL_NAME] = name;
  set(attributes, key.ATTR_GEN_AI_TOOL_TYPE, content.name(tool.type, key.ATTR_GEN_AI_TOOL_TYPE));
  set(attributes, key.ATTR_GEN_AI_TOOL_DESCRIPTION, content.name(tool.description, key.ATTR_GEN_AI_TOOL_DESCRIPTION));
  set(attributes, key.ATTR_GEN_AI_TOOL_CALL_ID, content.name(input.callId, key.ATTR_GEN_AI_TOOL_CALL_ID));
  set(
    attributes,
    key.ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
    content.full(input.arguments, key.ATTR_GEN_AI_TOOL_CALL_ARGUMENTS),
  );
  set(attributes, key.ATTR_TOOL_PROVIDER, content.name(tool.provider, key.ATTR_TOOL_PROVIDER));
  const risk = tool.riskLevel ?? input.action?.riskLevel;
  set(attributes, key.ATTR_TOOL_RISK_LEVEL, content.name(risk, key.ATTR_TOOL_RISK_LEVEL));
  set(attributes, key.ATTR_TOOL_IDEMPOTENCY_KEY, content.name(input.idempotencyKey, key.ATTR_TOOL_IDEMPOTENCY_KEY));
  if (input.action) action(attributes, input.action, content);
  if (input.resource) resource(attributes, input.resource, content);
  content.metadata(attributes, input.metadata);
  return named(key.GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL, name);
}

/** An MCP call is a tool call whose provider is the server; the flat fields stand for the nested ones. */
export function mcpTool(input: McpCallInput): ToolInput {
  const tool = typeof input.tool === 'string' ? { name: input.tool } : input.tool;
  return {
    ...input,
    tool: { ...tool, provider: input.server ?? tool?.provider, riskLevel: input.riskLevel ?? tool?.riskLevel },
    action: { type: input.actionType, name: input.actionName, ...input.action },
    resource: {
      type: input.resourceType,
      provider: input.resourceProvider,
      externalId: input.resourceId,
      environment: input.environment,
      ...input.resource,
    },
  };
}

function action(attributes: Attributes, given: Action, content: Content): void {
  set(attributes, key.ATTR_ACTION_TYPE, content.name(given.type, key.ATTR_ACTION_TYPE));
  set(attributes, key.ATTR_ACTION_NAME, content.name(given.name, key.ATTR_ACTION_NAME));
}

function resource(attributes: Attributes, given: Resource, content: Content): void {
  set(attributes, key.ATTR_RESOURCE_TYPE, content.name(given.type, key.ATTR_RESOURCE_TYPE));
  set(attributes, key.ATTR_RESOURCE_ID, content.name(given.externalId, key.ATTR_RESOURCE_ID));
  set(attributes, key.ATTR_RESOURCE_PROVIDER, content.name(given.provider, key.ATTR_RESOURCE_PROVIDER));
  set(attributes, key.ATTR_RESOURCE_ENVIRONMENT, content.name(given.environment, key.ATTR_RESOURCE_ENVIRONMENT));
}

export function modelCallSpan(attributes: Attributes, input: ModelCallInput, content: Content): string {
  const model = typeof input.model === 'string' ? { name: input.model } : input.model;
  const operation =
    content.name(input.operation, key.ATTR_GEN_AI_OPERATION_NAME) ?? key.GEN_AI_OPERATION_NAME_VALUE_CHAT;
  const name = content.name(model?.name, key.ATTR_GEN_AI_REQUEST_MODEL);
  attributes[key.ATTR_GEN_AI_OPERATION_NAME] = operation;
  set(attributes, key.ATTR_GEN_AI_REQUEST_MODEL, name);
  const provider = input.provider ?? model?.provider;
  set(attributes, key.ATTR_GEN_AI_PROVIDER_NAME, content.name(provider, key.ATTR_GEN_AI_PROVIDER_NAME));
  set(attributes, key.ATTR_GEN_AI_INPUT_MESSAGES, content.full(input.messages, key.ATTR_GEN_AI_INPUT_MESSAGES));
  usageAttributes(attributes, input.usage, content);
  costAttributes(attributes, input.usage?.cost, content);
  content.metadata(attributes, input.metadata);
  return named(operation, name);
}

export function responseAttributes(attributes: Attributes, response: ModelResponse, content: Content): void {
  set(attributes, key.ATTR_GEN_AI_RESPONSE_ID, content.name(response.id, key.ATTR_GEN_AI_RESPONSE_ID));
  set(attributes, key.ATTR_GEN_AI_RESPONSE_MODEL, content.name(response.model, key.ATTR_GEN_AI_RESPONSE_MODEL));
  if (Array.isArray(response.finishReasons)) {
    const reasons = response.finishReasons.map((reason) =>
      content.name(reason, key.ATTR_GEN_AI_RESPONSE_FINISH_REASONS),
    );
    attributes[key.ATTR_GEN_AI_RESPONSE_FINISH_REASONS] = reasons.filter((reason) => reason !== undefined);
  }
  set(attributes, key.ATTR_GEN_AI_OUTPUT_MESSAGES, content.full(response.messages, key.ATTR_GEN_AI_OUTPUT_MESSAGES));
  usageAttributes(attributes, response.usage, content);
  costAttributes(attributes, response.usage?.cost, content);
}

const USAGE_KEYS = [
  ['inputTokens', key.ATTR_GEN_AI_USAGE_INPUT_TOKENS],
  ['outputTokens', key.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS],
  ['cacheReadTokens', key.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS],
  ['cacheCreationTokens', key.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS],
  ['reasoningTokens', key.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS],
] as const;

/** Token counts. The cost stands on the model call alone: a sum under the same key would count it twice. */
export function usageAttributes(attributes: Attributes, usage: Usage | undefined, content: Content): void {
  if (typeof usage !== 'object' || usage === null) return;
  for (const [field, name] of USAGE_KEYS) set(attributes, name, content.integer(usage[field], name));
}

/** The sum of two usages, for a run that calls models several times. */
export function addUsage(sum: Usage, more: Usage): Usage {
  const total: Record<string, number> = {};
  for (const [field] of USAGE_KEYS) {
    const count = countOf(sum[field]) + countOf(more[field]);
    if (count > 0) total[field] = count;
  }
  return total;
}

function countOf(tokens: unknown): number {
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
}

function costAttributes(attributes: Attributes, cost: Usage['cost'], content: Content): void {
  if (typeof cost !== 'object' || cost === null) return;
  for (const [currency, amount] of Object.entries(cost)) {
    const name = content.name(currency, key.PREFIX_USAGE_COST);
    if (name && typeof amount === 'number' && isExportable(amount)) {
      attributes[key.PREFIX_USAGE_COST + name.toLowerCase()] = amount;
    }
  }
}

export function handoffSpan(
  attributes: Attributes,
  input: HandoffRequest,
  target: HandoffTarget | undefined,
  content: Content,
): string {
  attributes[key.ATTR_HANDOFF_SOURCE] = attributes[key.ATTR_AGENT_KEY];
  attributes[key.ATTR_HANDOFF_MODE] = input.mode === 'pass_control' ? 'pass_control' : 'return_to_caller';
  set(attributes, key.ATTR_HANDOFF_TARGET, target?.key);
  if (target?.kind !== 'agent') set(attributes, key.ATTR_HANDOFF_TARGET_KIND, target?.kind);
  set(attributes, key.ATTR_HANDOFF_REASON, content.summary(input.reason, key.ATTR_HANDOFF_REASON));
  set(attributes, key.ATTR_HANDOFF_REASON_TYPE, content.name(input.reasonType, key.ATTR_HANDOFF_REASON_TYPE));
  environmentOf(attributes, input.environment, content);
  set(
    attributes,
    key.ATTR_HANDOFF_PAYLOAD_SUMMARY,
    content.summary(input.payloadSummary, key.ATTR_HANDOFF_PAYLOAD_SUMMARY),
  );
  if (typeof input.context === 'object' && input.context !== null) handoffContext(attributes, input.context, content);
  content.metadata(attributes, input.metadata);
  return named('handoff', target?.key);
}

function handoffContext(attributes: Attributes, given: HandoffContext, content: Content): void {
  const { messages, toolExecutions, bytes, metadataKeys, filtered } = given;
  const counts = [
    [key.ATTR_HANDOFF_CONTEXT_MESSAGES, messages],
    [key.ATTR_HANDOFF_CONTEXT_TOOL_EXECUTIONS, toolExecutions],
    [key.ATTR_HANDOFF_CONTEXT_BYTES, bytes],
  ] as const;
  for (const [name, count] of counts) set(attributes, name, content.integer(count, name));
  const lists = [
    [key.ATTR_HANDOFF_CONTEXT_METADATA_KEYS, metadataKeys],
    [key.ATTR_HANDOFF_CONTEXT_FILTERED, filtered],
  ] as const;
  for (const [name, list] of lists) {
    if (Array.isArray(list)) attributes[name] = namesIn(list.slice(0, MAX_NAMES), name, content);
  }
  const name = key.ATTR_HANDOFF_CONTEXT_CONTENT;
  set(attributes, name, content.full(given.content, name));
}

/** Names of a list; backends cut no lists. */
const MAX_NAMES = 64;

function namesIn(list: readonly unknown[], attribute: string, content: Content): string[] {
  return list.map((each) => content.name(each, attribute)).filter((each) => each !== undefined);
}

export function approvalSpan(attributes: Attributes, input: ApprovalInput, content: Content): string {
  const tool = typeof input.tool === 'string' ? { name: input.tool } : input.tool;
  const name = content.name(tool?.name, key.ATTR_APPROVAL_TOOL);
  set(attributes, key.ATTR_APPROVAL_ID, content.name(input.id, key.ATTR_APPROVAL_ID) || undefined);
  // No `gen_ai.tool.name`: it would hide the details in Jaeger's UI, as on steps and handoffs.
  set(attributes, key.ATTR_APPROVAL_TOOL, name);
  const risk = tool?.riskLevel ?? input.action?.riskLevel;
  set(attributes, key.ATTR_TOOL_RISK_LEVEL, content.name(risk, key.ATTR_TOOL_RISK_LEVEL));
  if (input.action) action(attributes, input.action, content);
  if (input.resource) resource(attributes, input.resource, content);
  set(attributes, key.ATTR_APPROVAL_APPROVER, content.name(input.approver, key.ATTR_APPROVAL_APPROVER));
  set(attributes, key.ATTR_APPROVAL_REASON, content.summary(input.reason, key.ATTR_APPROVAL_REASON));
  const payload = content.summary(input.payloadSummary, key.ATTR_APPROVAL_PAYLOAD_SUMMARY);
  set(attributes, key.ATTR_APPROVAL_PAYLOAD_SUMMARY, payload);
  content.metadata(attributes, input.metadata);
  return named('await_approval', name);
}

export function approvalDecision(attributes: Attributes, given: ApprovalDecision | undefined, content: Content): void {
  set(attributes, key.ATTR_APPROVAL_APPROVER, content.name(given?.approver, key.ATTR_APPROVAL_APPROVER));
  const reason = content.summary(given?.reason, key.ATTR_APPROVAL_DECISION_REASON);
  set(attributes, key.ATTR_APPROVAL_DECISION_REASON, reason);
}

/** A summary that was not known at the start. */
export function outputSummary(attributes: Attributes, name: string, summary: Summary, content: Content): void {
  set(attributes, name, content.summary(summary, name));
}

/** Content that was not known at the start: a tool's result. */
export function fullContent(attributes: Attributes, name: string, value: unknown, content: Content): void {
  set(attributes, name, content.full(value, name));
}

/** A handoff's target as the app gave it (an object, or its key), redacted; `undefined` while it is unknown. */
export function toTarget(
  given: HandoffTarget | string | undefined | null,
  content: Content,
): HandoffTarget | undefined {
  const target = typeof given === 'string' ? { key: given } : given;
  const name = content.name(target?.key, key.ATTR_HANDOFF_TARGET);
  if (!name) return undefined;
  const kind = target?.kind;
  return { key: name, kind: kind === 'human' || kind === 'queue' ? kind : 'agent' };
}

const ANSWER_VERBS: Partial<Record<HandoffStatus, string>> = {
  accepted: 'accept',
  completed: 'complete',
  rejected: 'reject',
  returned: 'return',
  failed: 'fail',
};

/** `accept_handoff {source}`, and likewise for the other answers: the name says what happened. */
export function answerName(status: HandoffStatus, source: string | undefined): string {
  return named(`${ANSWER_VERBS[status] ?? 'accept'}_handoff`, source);
}

function named(verb: string, noun: string | undefined): string {
  return noun ? `${verb} ${noun}` : verb;
}
