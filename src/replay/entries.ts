import {
  ATTR_ACTION_NAME,
  ATTR_ACTION_TYPE,
  ATTR_APPROVAL_APPROVER,
  ATTR_APPROVAL_DECISION_REASON,
  ATTR_APPROVAL_ID,
  ATTR_APPROVAL_REASON,
  ATTR_APPROVAL_STATUS,
  ATTR_APPROVAL_WAIT_MS,
  ATTR_CANCELLED,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_RESOURCE_ENVIRONMENT,
  ATTR_RESOURCE_ID,
  ATTR_RESOURCE_PROVIDER,
  ATTR_RESOURCE_TYPE,
  ATTR_RUN_ID,
  ATTR_RUN_INPUT_SUMMARY,
  ATTR_RUN_OUTPUT_SUMMARY,
  ATTR_RUN_PARENT_ID,
  ATTR_RUN_ROLE,
  ATTR_RUN_STATUS,
  ATTR_STEP_INDEX,
  ATTR_STEP_KEY,
  ATTR_STEP_NAME,
  ATTR_STEP_PAYLOAD_SUMMARY,
  ATTR_TOOL_CACHED,
  ATTR_TOOL_IDEMPOTENCY_KEY,
  ATTR_TOOL_PROVIDER,
  ATTR_TOOL_RISK_LEVEL,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
} from '../attributes.ts';
import type { AgentNames } from './agent-names.ts';
import { readFlag, readMetadata, readNumber, readText, readTexts } from './attribute-reader.ts';
import { frameworkContent } from './framework-content.ts';
import type { SessionClock } from './session-clock.ts';
import type {
  HandoffPickup,
  ReplayedHandoff,
  TimelineAgent,
  TimelineEntry,
  TimelineUsage,
} from './session-timeline.ts';
import { idOfSpan, type RecordedAttributes, type RecordedSpan } from './span.ts';
import { addUsage, largerUsage, readUsage, spanError, spanEvents, sumDrops } from './span-facts.ts';
import { type SpanRole, spanRole } from './span-role.ts';

/** What an entry needs to know beyond its own span. */
export interface EntryContext {
  readonly names: AgentNames;
  readonly clock: SessionClock;
  readonly handoffOf: ReadonlyMap<RecordedSpan, ReplayedHandoff>;
  readonly pickedUpBy: ReadonlyMap<RecordedSpan, readonly HandoffPickup[]>;
  /** Agents of frameworks that are told as one with a run. */
  readonly mergedOf: ReadonlyMap<RecordedSpan, readonly RecordedSpan[]>;
}

/** One span as an entry. The list of children is filled by the caller. */
export function describeSpan(
  span: RecordedSpan,
  children: readonly TimelineEntry[],
  { names, clock, handoffOf, pickedUpBy, mergedOf }: EntryContext,
): TimelineEntry {
  const { attributes } = span;
  const role = spanRole(span);
  const text = (key: string) => readText(attributes, key);
  const core = { ...describeCore(span, role, clock), agent: names.of(span), children };

  switch (role) {
    case 'run':
      return {
        ...core,
        ...describeMerged(span, mergedOf.get(span) ?? [], clock),
        type: 'run',
        id: text(ATTR_RUN_ID) ?? idOfSpan(span),
        parentId: text(ATTR_RUN_PARENT_ID),
        role: text(ATTR_RUN_ROLE),
        status: text(ATTR_RUN_STATUS),
        inputSummary: text(ATTR_RUN_INPUT_SUMMARY),
        outputSummary: text(ATTR_RUN_OUTPUT_SUMMARY),
        pickedUp: pickedUpBy.get(span) ?? [],
      };
    case 'step':
      return { ...core, type: 'step', status: pieceStatus(span), inputSummary: text(ATTR_STEP_PAYLOAD_SUMMARY) };
    case 'tool':
      return {
        ...core,
        type: 'tool',
        status: pieceStatus(span),
        ...describeTool(attributes),
        inputSummary: text(ATTR_GEN_AI_TOOL_CALL_ARGUMENTS),
        outputSummary: text(ATTR_GEN_AI_TOOL_CALL_RESULT),
      };
    case 'model-call':
      return {
        ...core,
        type: 'model-call',
        status: pieceStatus(span),
        operation: text(ATTR_GEN_AI_OPERATION_NAME) ?? GEN_AI_OPERATION_NAME_VALUE_CHAT,
        model: text(ATTR_GEN_AI_REQUEST_MODEL) ?? text(ATTR_GEN_AI_RESPONSE_MODEL),
        provider: text(ATTR_GEN_AI_PROVIDER_NAME),
        finishReasons: readTexts(attributes, ATTR_GEN_AI_RESPONSE_FINISH_REASONS),
        inputSummary: text(ATTR_GEN_AI_INPUT_MESSAGES),
        outputSummary: text(ATTR_GEN_AI_OUTPUT_MESSAGES),
      };
    case 'approval':
      return {
        ...core,
        type: 'approval',
        approvalId: text(ATTR_APPROVAL_ID),
        status: text(ATTR_APPROVAL_STATUS),
        waitMs: readNumber(attributes, ATTR_APPROVAL_WAIT_MS),
        approver: text(ATTR_APPROVAL_APPROVER),
        reason: text(ATTR_APPROVAL_REASON),
        decisionReason: text(ATTR_APPROVAL_DECISION_REASON),
      };
    default: {
      const handoff = handoffOf.get(span);
      if (handoff) return { ...core, type: 'handoff', handoff, status: handoff.status, error: handoff.error };
      return { ...core, type: 'foreign', kind: span.kind };
    }
  }
}

/** A piece of a run says only what is remarkable of its end. */
function pieceStatus({ attributes }: RecordedSpan): string | undefined {
  return readFlag(attributes, ATTR_CANCELLED) ? 'cancelled' : undefined;
}

/** A handoff of which no request was recorded: told from its answer, or from the run that picked it up. */
export function describeLostHandoff(handoff: ReplayedHandoff, agent: TimelineAgent | undefined): TimelineEntry {
  return {
    type: 'handoff',
    traceId: handoff.traceId,
    spanId: handoff.spanId,
    name: `handoff ${handoff.target?.key ?? ''}`.trim(),
    startUnixMs: handoff.startUnixMs,
    offsetMs: handoff.offsetMs,
    durationMs: 0,
    agent,
    status: handoff.status,
    error: handoff.error,
    metadata: {},
    events: [],
    children: [],
    handoff,
  };
}

/** What the framework's own span of the same agent adds to a run. */
function describeMerged(run: RecordedSpan, merged: readonly RecordedSpan[], clock: SessionClock) {
  if (merged.length === 0) return {};
  const all = [run, ...merged];
  const usage = merged.reduce<TimelineUsage | undefined>(
    (sum, { attributes }) => addUsage(sum, readUsage(attributes)),
    undefined,
  );
  return {
    events: all.flatMap((span) => spanEvents(span, clock)).sort((one, other) => one.offsetMs - other.offsetMs),
    usage: largerUsage(readUsage(run.attributes), usage),
    dropped: sumDrops(all),
    content: merged.some((span) => frameworkContent(span, 'foreign'))
      ? Object.fromEntries(merged.flatMap((span) => Object.entries(frameworkContent(span, 'foreign') ?? {})))
      : undefined,
  };
}

function describeCore(span: RecordedSpan, role: SpanRole, clock: SessionClock) {
  const { traceId, spanId, name, startUnixNano, endUnixNano, attributes } = span;
  const key = readText(attributes, ATTR_STEP_KEY);
  const stepName = readText(attributes, ATTR_STEP_NAME);
  const index = readNumber(attributes, ATTR_STEP_INDEX);
  const hasStep = key !== undefined || stepName !== undefined || index !== undefined;
  return {
    traceId,
    spanId,
    name,
    scope: span.scope,
    startUnixMs: clock.unixMs(startUnixNano),
    offsetMs: clock.offsetMs(startUnixNano),
    durationMs: clock.durationMs(startUnixNano, endUnixNano),
    step: hasStep ? { key, name: stepName, index } : undefined,
    error: spanError(span),
    ...readMetadata(attributes),
    content: frameworkContent(span, role),
    events: spanEvents(span, clock),
    dropped: sumDrops([span]),
    usage: readUsage(attributes),
  };
}

function describeTool(attributes: RecordedAttributes) {
  const text = (key: string) => readText(attributes, key);
  const action = { type: text(ATTR_ACTION_TYPE), name: text(ATTR_ACTION_NAME) };
  const resource = {
    type: text(ATTR_RESOURCE_TYPE),
    id: text(ATTR_RESOURCE_ID),
    provider: text(ATTR_RESOURCE_PROVIDER),
    environment: text(ATTR_RESOURCE_ENVIRONMENT),
  };
  return {
    tool: {
      name: text(ATTR_GEN_AI_TOOL_NAME),
      provider: text(ATTR_TOOL_PROVIDER),
      type: text(ATTR_GEN_AI_TOOL_TYPE),
      riskLevel: text(ATTR_TOOL_RISK_LEVEL),
      callId: text(ATTR_GEN_AI_TOOL_CALL_ID),
      idempotencyKey: text(ATTR_TOOL_IDEMPOTENCY_KEY),
      cached: readFlag(attributes, ATTR_TOOL_CACHED),
    },
    action: action.type || action.name ? action : undefined,
    resource: Object.values(resource).some(Boolean) ? resource : undefined,
  };
}
