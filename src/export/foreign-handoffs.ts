import {
  type Attributes,
  type AttributeValue,
  type Context,
  type Link,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_HANDOFF_SOURCE,
  ATTR_HANDOFF_TARGET,
  ATTR_LINK_TYPE,
} from '../attributes.ts';

/** A span as a processor of either SDK line gets it when it starts. */
export interface StartingSpan {
  readonly name: string;
  readonly attributes: Attributes;
  readonly instrumentationScope: { readonly name: string };
  spanContext(): SpanContext;
  setAttribute(name: string, value: AttributeValue): unknown;
  setAttributes(attributes: Attributes): unknown;
  addLink(link: Link): unknown;
}

type Role = 'agent' | 'tool' | 'node';

/** Where a foreign span stands among agents and tools. */
interface Place {
  readonly span: SpanContext;
  readonly role: Role | undefined;
  /** Of the agent or the tool. */
  readonly name: string | undefined;
  /** The agent that it is, or is inside of. */
  readonly agent: Place | undefined;
  /** The tool that it is, or is inside of, with no other agent in between. */
  readonly tool: Place | undefined;
  readonly isRoot: boolean;
}

/** What has ended in a trace that is still going on, and may be where the next agent comes from. */
interface Passed {
  transfer?: Place;
  agent?: Place;
}

/** Spans and traces that never end give way, the oldest first. */
const MAX_KEPT = 10_000;

const TOOL_OF_A_HANDOFF = /^(transfer_to_|transfer$|handoff_to_|handoff$|delegate_|delegate$|agent-)/;

/** Names that frameworks give to spans before they have attributes: AI SDK, Strands, Mastra. */
const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/^(?:invoke_agent\b|ai\.(?:generateText|streamText)$|agent run: )/, 'agent'],
  [/^(?:execute_tool\b|ai\.toolCall$|tool: )/, 'tool'],
  [/^(?:node |execute_node\b)/, 'node'],
];
const OPERATIONS: Readonly<Record<string, Role>> = {
  invoke_agent: 'agent',
  execute_tool: 'tool',
  execute_node: 'node',
};
const AGENT_NAME = /^(?:invoke_agent (.+)|agent run: '(.+?)'.*)$/;
const TOOL_NAME = /^(?:execute_tool (.+)|tool: '(.+)'.*)$/;

/**
 * Sees handoffs in the spans that agent frameworks record by themselves, and links the agent that takes over to where it
 * comes from: the tool call that it runs inside of, the transfer tool that has just ended, or the agent before it in a
 * swarm. By name only within one trace, because frameworks give no id.
 */
export class ForeignHandoffs {
  readonly #places = new Map<string, Place>();
  readonly #passed = new Map<string, Passed>();
  readonly #isHandoffTool: (name: string) => boolean;

  constructor(isHandoffTool: (name: string) => boolean = (name) => TOOL_OF_A_HANDOFF.test(name)) {
    this.#isHandoffTool = isHandoffTool;
  }

  started(span: StartingSpan, parentContext: Context): void {
    const above = trace.getSpanContext(parentContext);
    const parent = above && this.#places.get(above.spanId);
    const role = roleOf(span);
    // Most spans have nothing to do with agents.
    if (!role && !parent) return;
    const { agent, tool } = parent ?? {};
    const name = role === 'agent' ? agentOf(span) : role === 'tool' ? toolOf(span) : undefined;
    const place: { -readonly [Key in keyof Place]: Place[Key] } = {
      span: span.spanContext(),
      role,
      name,
      agent,
      tool: role === 'agent' ? undefined : tool,
      isRoot: parent === undefined,
    };
    if (role === 'agent') place.agent = place;
    if (role === 'tool') place.tool = place;
    if (role === 'agent') this.#link(span, place, parent);
    keep(this.#places, place.span.spanId, place);
  }

  ended(span: { spanContext(): SpanContext }): void {
    const { spanId, traceId } = span.spanContext();
    const place = this.#places.get(spanId);
    if (!place) return;
    this.#places.delete(spanId);
    if (place.isRoot) {
      this.#passed.delete(traceId);
      return;
    }
    if (place.role === 'agent') this.#pass(traceId, { agent: place });
    if (place.role === 'tool' && place.name !== undefined && this.#isHandoffTool(place.name)) {
      this.#pass(traceId, { transfer: place });
    }
  }

  #pass(traceId: string, passed: Passed): void {
    keep(this.#passed, traceId, { ...this.#passed.get(traceId), ...passed });
  }

  #link(span: StartingSpan, place: Place, parent: Place | undefined): void {
    const from = this.#originOf(place, parent);
    if (!from) return;
    const attributes: Attributes = {};
    const source = from.agent?.name;
    if (source !== undefined) attributes[ATTR_HANDOFF_SOURCE] = source;
    if (place.name !== undefined) attributes[ATTR_HANDOFF_TARGET] = place.name;
    span.addLink({ context: from.span, attributes: { [ATTR_LINK_TYPE]: 'handoff', ...attributes } });
    // Jaeger shows no attributes of links.
    span.setAttributes(attributes);
  }

  #originOf({ span, name }: Place, parent: Place | undefined): Place | undefined {
    if (parent?.tool) return parent.tool;
    const passed = this.#passed.get(span.traceId);
    if (passed?.transfer && passed.transfer.agent?.name !== name) {
      const { transfer } = passed;
      delete passed.transfer;
      return transfer;
    }
    return parent?.role === 'node' && passed?.agent && passed.agent.name !== name ? passed.agent : undefined;
  }
}

function keep<T>(map: Map<string, T>, id: string, value: T): void {
  if (map.size >= MAX_KEPT) {
    for (const oldest of map.keys()) {
      map.delete(oldest);
      break;
    }
  }
  map.set(id, value);
}

function roleOf({ name, attributes }: StartingSpan): Role | undefined {
  const operation = attributes[ATTR_GEN_AI_OPERATION_NAME];
  if (typeof operation === 'string' && Object.hasOwn(OPERATIONS, operation)) return OPERATIONS[operation];
  return ROLES.find(([pattern]) => pattern.test(name))?.[1];
}

function agentOf({ name, attributes }: StartingSpan): string | undefined {
  const said = attributes[ATTR_GEN_AI_AGENT_NAME] ?? attributes['ai.telemetry.functionId'];
  return typeof said === 'string' ? said : firstGroup(AGENT_NAME, name);
}

function toolOf({ name, attributes }: StartingSpan): string | undefined {
  const said = attributes[ATTR_GEN_AI_TOOL_NAME] ?? attributes['ai.toolCall.name'];
  return typeof said === 'string' ? said : firstGroup(TOOL_NAME, name);
}

function firstGroup(pattern: RegExp, text: string): string | undefined {
  return pattern
    .exec(text)
    ?.slice(1)
    .find((group) => group !== undefined);
}
