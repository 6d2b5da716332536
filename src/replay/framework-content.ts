import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
} from '../attributes.ts';
import { NAME } from '../version.ts';
import type { TimelineAttributes } from './session-timeline.ts';
import type { RecordedSpan } from './span.ts';
import type { SpanRole } from './span-role.ts';

// Baton's content policy is for its own spans. Frameworks and instrumentations put prompts and answers on theirs, each under
// names of its own: OpenTelemetry's conventions, AI SDK, OpenInference, Traceloop, Langfuse, Google ADK.

const CONTENT = new RegExp(
  `^(?:${[
    'gen_ai\\.(?:input\\.messages|output\\.messages|system_instructions|tool\\.call\\.(?:arguments|result)|tool\\.definitions)$',
    'gen_ai\\.(?:prompt|completion)(?:\\.|$)',
    'ai\\.(?:prompt|response\\.(?:text|object|toolCalls|reasoning|files)|toolCall\\.(?:args|result|input|output)|result|values?)(?:\\.|$)',
    '(?:input|output)\\.value$',
    'llm\\.(?:input_messages|output_messages|prompts|completions|prompt_template|function_call)(?:\\.|$)',
    '(?:traceloop\\.entity|langfuse\\.(?:observation|trace)|mastra(?:\\.\\w+)*)\\.(?:input|output)$',
    'gcp\\.vertex\\.agent\\.(?:llm_request|llm_response|tool_call_args|tool_response|data)$',
  ].join('|')})`,
);
const CONTENT_EVENT = /^gen_ai\.(?:choice$|\w+\.message$|content\.|client\.inference\.operation\.details$)/;

/** Told as the input and output of an entry. */
const SUMMARISED: Readonly<Partial<Record<SpanRole, readonly string[]>>> = {
  tool: [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, ATTR_GEN_AI_TOOL_CALL_RESULT],
  'model-call': [ATTR_GEN_AI_INPUT_MESSAGES, ATTR_GEN_AI_OUTPUT_MESSAGES],
};

/** What a framework recorded of prompts and answers on a span of its own, beside input and output. */
export function frameworkContent({ scope, attributes }: RecordedSpan, role: SpanRole): TimelineAttributes | undefined {
  if (scope === NAME) return undefined;
  const told = SUMMARISED[role] ?? [];
  const content = Object.entries(attributes).filter(([key]) => CONTENT.test(key) && !told.includes(key));
  return content.length > 0 ? Object.fromEntries(content) : undefined;
}

/** An event that holds a prompt or an answer. */
export function isContentEvent(name: string): boolean {
  return CONTENT_EVENT.test(name);
}
