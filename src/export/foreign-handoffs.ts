import {
  type Attributes,
  type AttributeValue,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_HANDOFF_SOURCE,
  ATTR_HANDOFF_TARGET,
  ATTR_LINK_TYPE,
} from '../attributes.ts';
import { ById } from '../by-id.ts';

/** A span that starts, as a span processor of either SDK line receives it. */
export interface StartingSpan {
  readonly name: string;
  readonly attributes: Attributes;
  readonly instrumentationScope: { readonly name: string };
  spanContext(): SpanContext;
  setAttribute(name: string, value: AttributeValue): unknown;
  setAttributes(attributes: Attributes): unknown;
  addLink(link: Link): unknown;
}

type Role = 'agent' | 'tool' | 'node' | 'swarm';

/** Where a foreign span stands among agents and tools. */
interface Place {
  readonly span: SpanContext;
  readonly role: Role | undefined;
  /** Of the agent or the tool. */
  readonly name: string | undefined;
  /** Tells agents apart that have one name: the default one, for instance. */
  readonly id: string | undefined;
  /** The agent that it is, or is inside of. */
  readonly agent: Place | undefined;
  /** The tool that it is, or is inside of, with no other agent in between. */
  readonly tool: Place | undefined;
  /** The span id of the swarm around it, or of the outermost agent: what passes there concerns nobody outside. */
  readonly group: string;
  /** An agent is linked to this tool call already. */
  taken: boolean;
}

/** What has ended in a group that is still going on, and may be where the next agent comes from. */
interface Passed {
  transfer?: Place;
  agent?: Place;
}

/** Longer names are cut: they come from others, and are kept and written. */
const MAX_NAME = 1_000;

const TOOL_OF_A_HANDOFF = /^(transfer_to_|transfer$|handoff_to_|handoff$|delegate_|delegate$|agent-)/;

/** Names that frameworks give to spans before they have attributes: AI SDK, Strands, Mastra. */
const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/^(?:invoke_agent\b|ai\.(?:generate|stream)(?:Text|Object)$|agent run: )/, 'agent'],
  [/^(?:execute_tool\b|ai\.toolCall$|tool: )/, 'tool'],
  [/^invoke_swarm\b/, 'swarm'],
];
const OPERATIONS: Readonly<Record<string, Role>> = {
  invoke_agent: 'agent',
  execute_tool: 'tool',
};

/**
 * Sees handoffs in the spans that agent frameworks record by themselves, and links the agent that takes over to where it
 * comes from: the tool call that it runs inside of, the transfer tool that has just ended, or the agent before it in a
 * swarm. By name and order within a group only, because frameworks give no id of a handoff.
 */
export class ForeignHandoffs {
  /** Spans and groups that never end give way, the first ones first. */
  readonly #places = new ById<Place>();
  readonly #passed = new ById<Passed>();
  readonly #isHandoffTool: (name: string) => boolean;

  constructor(isHandoffTool: (name: string) => boolean = (name) => TOOL_OF_A_HANDOFF.test(name)) {
    this.#isHandoffTool = isHandoffTool;
  }

  started(span: StartingSpan, parentContext: Context): void {
    const parent = this.#above(trace.getSpan(parentContext));
    const role = roleOf(span) ?? (parent?.role === 'swarm' ? 'node' : undefined);
    // Most spans have nothing to do with agents.
    if (!role && !parent) return;
    const { agent, tool } = parent ?? {};
    const name = role === 'agent' ? agentOf(span) : role === 'tool' ? toolOf(span) : undefined;
    const context = span.spanContext();
    const place: { -readonly [Key in keyof Place]: Place[Key] } = {
      span: context,
      role,
      name,
      id: text(span.attributes[ATTR_GEN_AI_AGENT_ID]) ?? name,
      agent,
      tool: role === 'agent' ? undefined : tool,
      group: parent && role !== 'swarm' ? parent.group : context.spanId,
      taken: false,
    };
    if (role === 'agent') place.agent = place;
    if (role === 'tool') place.tool = place;
    if (role === 'agent') this.#link(span, place, parent);
    this.#places.set(place.span.spanId, place);
  }

  /** Where a span begins: a span of Baton in between has no place of its own. */
  #above(span: (Span & { readonly parentSpanContext?: SpanContext | undefined }) | undefined): Place | undefined {
    if (!span) return undefined;
    return this.#places.get(span.spanContext().spanId) ?? this.#places.get(span.parentSpanContext?.spanId ?? '');
  }

  ended(span: { spanContext(): SpanContext }): void {
    const { spanId } = span.spanContext();
    const place = this.#places.get(spanId);
    if (!place) return;
    this.#places.delete(spanId);
    if (place.group === spanId) {
      this.#passed.delete(spanId);
      return;
    }
    if (place.role === 'agent') this.#pass(place.group, { agent: place });
    if (place.role !== 'tool' || place.taken || place.name === undefined) return;
    if (this.#isHandoffTool(place.name)) this.#pass(place.group, { transfer: place });
  }

  #pass(group: string, passed: Passed): void {
    this.#passed.set(group, { ...this.#passed.get(group), ...passed });
  }

  #link(span: StartingSpan, place: Place, parent: Place | undefined): void {
    const from = this.#originOf(place, parent);
    if (!from) return;
    const attributes: Attributes = {};
    const said = from.agent?.name === place.name ? 'id' : 'name';
    const [source, target] = [from.agent?.[said], place[said]];
    if (source !== undefined) attributes[ATTR_HANDOFF_SOURCE] = source;
    if (target !== undefined) attributes[ATTR_HANDOFF_TARGET] = target;
    span.addLink({ context: from.span, attributes: { [ATTR_LINK_TYPE]: 'handoff', ...attributes } });
    // Jaeger shows no attributes of links.
    span.setAttributes(attributes);
  }

  #originOf({ group, id }: Place, parent: Place | undefined): Place | undefined {
    const passed = this.#passed.get(group);
    const tool = parent?.tool;
    // The tool last in a swarm, because all of it may run inside of one.
    const origins = parent?.role === 'node' ? [passed?.transfer, passed?.agent, tool] : [tool, passed?.transfer];
    const from = origins.find((origin) => origin && (origin === tool || origin.agent?.id !== id));
    if (from) from.taken = true;
    if (passed?.transfer?.taken) delete passed.transfer;
    return from;
  }
}

function roleOf({ name, attributes }: StartingSpan): Role | undefined {
  const operation = attributes[ATTR_GEN_AI_OPERATION_NAME];
  if (typeof operation === 'string' && Object.hasOwn(OPERATIONS, operation)) return OPERATIONS[operation];
  return ROLES.find(([pattern]) => pattern.test(name))?.[1];
}

function agentOf({ name, attributes }: StartingSpan): string | undefined {
  const said = text(attributes[ATTR_GEN_AI_AGENT_NAME]) ?? text(attributes['ai.telemetry.functionId']);
  if (said !== undefined) return said;
  const inName =
    after('invoke_agent ', name) ?? quoted("agent run: '", name, name.indexOf("'", "agent run: '".length + 1));
  // The AI SDK calls a nameless agent by its model.
  return inName === attributes[ATTR_GEN_AI_REQUEST_MODEL] ? undefined : inName;
}

function toolOf({ name, attributes }: StartingSpan): string | undefined {
  const said = text(attributes[ATTR_GEN_AI_TOOL_NAME]) ?? text(attributes['ai.toolCall.name']);
  return said ?? after('execute_tool ', name) ?? quoted("tool: '", name, name.lastIndexOf("'"));
}

function text(value: AttributeValue | undefined): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_NAME) : undefined;
}

/** What follows the prefix, where there is something. By searching: on a hostile name a pattern would try each quote to its end. */
function after(prefix: string, name: string): string | undefined {
  return name.startsWith(prefix) && name.length > prefix.length
    ? name.slice(prefix.length, prefix.length + MAX_NAME)
    : undefined;
}

/** What stands between the prefix, which ends in a quote, and the closing quote. */
function quoted(prefix: string, name: string, closing: number): string | undefined {
  return closing > prefix.length ? after(prefix, name.slice(0, closing)) : undefined;
}
