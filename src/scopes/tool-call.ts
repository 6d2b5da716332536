import type { Attributes, AttributeValue, Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { ToolCall as ToolCallHandle } from '../handles.ts';
import type { McpCallInput, RunStatus, ToolInput } from '../model.ts';
import { fullContent, KIND_INTERNAL, mcpTool, toolSpan } from '../span-model.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { InRun, type InRunKind, startInRun } from './in-run.ts';
import type { NoOp } from './no-op.ts';
import type { Opening } from './open.ts';

/** A tool call. */
export class ToolCall extends InRun implements ToolCallHandle {
  readonly #tool: AttributeValue | undefined;

  constructor(recorder: Recorder, opening: Opening, span: Span, startedAt: Micros) {
    super(recorder, opening, span, startedAt);
    this.#tool = opening.attributes[key.ATTR_GEN_AI_TOOL_NAME];
  }

  setResult(result: unknown): void {
    this.write((attributes) =>
      fullContent(attributes, key.ATTR_GEN_AI_TOOL_CALL_RESULT, result, this.recorder.content),
    );
  }

  setCached(cached: boolean): void {
    this.write((attributes) => {
      attributes[key.ATTR_TOOL_CACHED] = cached === true;
    });
  }

  protected override measure(lasted: Micros, _outcome: RunStatus | undefined, attributes: Attributes): void {
    attributes[key.ATTR_GEN_AI_TOOL_NAME] = this.#tool;
    attributes[key.ATTR_AGENT_KEY] = this.agent.key;
    this.recorder.metrics.tool(lasted, attributes, this.context);
  }
}

const TOOL: InRunKind<ToolCall> = {
  what: 'a tool call',
  spanKind: KIND_INTERNAL,
  make: (recorder, opening, span, startedAt) => new ToolCall(recorder, opening, span, startedAt),
};

export function startTool(recorder: Recorder, input: ToolInput): ToolCall | NoOp {
  return startInRun(recorder, TOOL, input, toolSpan);
}

/** The semantic conventions require `mcp.*` on the tool's span instead of a second span. */
export function startMcpCall(recorder: Recorder, input: McpCallInput): ToolCall | NoOp {
  return startInRun(recorder, TOOL, input, (attributes, given, content) => {
    attributes[key.ATTR_MCP_METHOD_NAME] = key.MCP_METHOD_NAME_VALUE_TOOLS_CALL;
    return toolSpan(attributes, mcpTool(given), content);
  });
}
