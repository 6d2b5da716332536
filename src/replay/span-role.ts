import {
  ATTR_APPROVAL_ID,
  ATTR_APPROVAL_STATUS,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_HANDOFF_ID,
  ATTR_HANDOFF_MODE,
  ATTR_HANDOFF_STATUS,
  ATTR_RUN_ID,
  ATTR_SESSION_KIND,
  ATTR_SESSION_STATUS,
  ATTR_STEP_KEY,
  ATTR_STEP_NAME,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW,
} from '../attributes.ts';
import { NAME } from '../version.ts';
import { readText } from './attribute-reader.ts';
import { type RecordedSpan, spanKey, spanKeyOfId } from './span.ts';

/** What a span stands for in the story of a session. */
export type SpanRole =
  | 'session'
  | 'run'
  | 'step'
  | 'tool'
  | 'model-call'
  | 'handoff'
  | 'handoff-answer'
  | 'approval'
  | 'foreign';

const MODEL_OPERATIONS = new Set(['chat', 'generate_content', 'text_completion', 'embeddings']);

/** Told by attributes and kind, never by the name: names are for people, and processors rename spans. */
export function spanRole(span: RecordedSpan): SpanRole {
  const { attributes } = span;
  if (ATTR_SESSION_KIND in attributes || ATTR_SESSION_STATUS in attributes) return 'session';
  if (span.kind === 'producer' && isHandoff(span)) return 'handoff';
  if (span.kind === 'consumer' && ATTR_HANDOFF_ID in attributes) return 'handoff-answer';
  if (ATTR_APPROVAL_ID in attributes || ATTR_APPROVAL_STATUS in attributes) return 'approval';

  const operation = readText(attributes, ATTR_GEN_AI_OPERATION_NAME);
  if (operation === GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW && span.scope === NAME) return 'session';
  if (operation === GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT)
    return isInNoRun(span) || isOwnRun(span) ? 'run' : 'foreign';
  if (operation === GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL) return 'tool';
  if (operation !== undefined && MODEL_OPERATIONS.has(operation)) return 'model-call';
  if (span.kind === 'client' && ATTR_GEN_AI_REQUEST_MODEL in attributes) return 'model-call';
  return ATTR_STEP_KEY in attributes || ATTR_STEP_NAME in attributes ? 'step' : 'foreign';
}

/** A run of Baton, for certain: one that says its own place, or stands in our scope. A framework's agent says neither. */
export function isOwnRun(span: RecordedSpan): boolean {
  if (readText(span.attributes, ATTR_GEN_AI_OPERATION_NAME) !== GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT) return false;
  const place = spanKeyOfId(readText(span.attributes, ATTR_RUN_ID));
  return place === undefined ? span.scope === NAME : place === spanKey(span);
}

/** The agent of a framework, as OpenTelemetry's conventions have it. */
export function isFrameworkAgent(span: RecordedSpan): boolean {
  const operation = readText(span.attributes, ATTR_GEN_AI_OPERATION_NAME);
  return operation === GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT && !isOwnRun(span);
}

function isHandoff({ attributes }: RecordedSpan): boolean {
  return ATTR_HANDOFF_ID in attributes || ATTR_HANDOFF_STATUS in attributes || ATTR_HANDOFF_MODE in attributes;
}

/** A framework's own `invoke_agent` span inside a run of ours is stamped with that run's id; without a run around it, it is one. */
function isInNoRun({ attributes }: RecordedSpan): boolean {
  return spanKeyOfId(readText(attributes, ATTR_RUN_ID)) === undefined;
}
