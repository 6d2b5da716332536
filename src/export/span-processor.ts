import { type AttributeValue, type Context, type Span, type SpanContext, trace } from '@opentelemetry/api';
import { ATTR_AGENT_KEY, ATTR_RUN_ID, ATTR_SESSION_ID } from '../attributes.ts';
import { isForeign, type Scope, type Surroundings, scopeOf } from '../context/scope.ts';
import { NAME } from '../version.ts';
import { ForeignHandoffs, type StartingSpan } from './foreign-handoffs.ts';

export interface PipelineSpansOptions {
  /**
   * Whether to add links for handoffs to the spans that agent frameworks record themselves (AI SDK, ADK, Strands, Mastra).
   * The span of the agent that takes over gets a link to the tool call or the agent before it, with `baton.handoff.source`
   * and `.target`. A function decides by its name whether a tool is a handoff. `true` means the names `transfer_to_…`,
   * `handoff_to_…`, `delegate_…` and `agent-…`.
   * @defaultValue `false`
   */
  readonly handoffs?: boolean | ((toolName: string) => boolean) | undefined;
}

/** A span processor of either SDK line. */
export interface PipelineSpanProcessor {
  onStart(span: StartingSpan, parentContext: Context): void;
  onEnd(span: { spanContext(): SpanContext }): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Adds `session.id`, `baton.run.id` and `baton.agent.key` to every span of another library that starts inside a scope of
 * Baton, or below a span that has them: HTTP requests, database queries, the spans of a framework. It never overwrites an
 * attribute. Where there is no scope, it costs two look-ups. Put it before the processors that export.
 *
 * @example
 * ```ts
 * new NodeSDK({ spanProcessors: [pipelineSpans(), new BatchSpanProcessor(agentServices(new OTLPTraceExporter()))] });
 * ```
 */
export function pipelineSpans(options: PipelineSpansOptions = {}): PipelineSpanProcessor {
  const { handoffs = false } = options;
  const foreign = handoffs ? new ForeignHandoffs(handoffs === true ? undefined : handoffs) : undefined;
  return {
    onStart(span, parentContext) {
      if (span.instrumentationScope?.name === NAME) return;
      const scope = scopeOf(parentContext);
      if (scope) stampFromScope(span, scope);
      else stampFromParent(span, trace.getSpan(parentContext));
      // An error in a processor would reach the app through `startSpan`.
      if (foreign) quietly(() => foreign.started(span, parentContext));
    },
    onEnd(span) {
      if (foreign) quietly(() => foreign.ended(span));
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {}
}

/** Outside a run, the agent around is only the app itself. */
function stampFromScope(span: StartingSpan, scope: Scope | Surroundings): void {
  if (scope.silent) return;
  const isTold = isForeign(scope);
  const sessionId = isTold ? scope.sessionId : scope.record?.sessionId;
  if (scope.runId === undefined) stamp(span, sessionId, undefined, undefined);
  else stamp(span, sessionId, scope.runId, isTold ? scope.agentKey : scope.agent?.key);
}

function stampFromParent(span: StartingSpan, parent: Span | undefined): void {
  const attributes = (parent as Partial<StartingSpan> | undefined)?.attributes;
  if (attributes?.[ATTR_SESSION_ID] === undefined) return;
  stamp(span, attributes[ATTR_SESSION_ID], attributes[ATTR_RUN_ID], attributes[ATTR_AGENT_KEY]);
}

type Stamp = AttributeValue | undefined;

/** Each key by its name: a loop over the keys costs half as much again as the three calls of `setAttribute`. */
function stamp(span: StartingSpan, sessionId: Stamp, runId: Stamp, agentKey: Stamp): void {
  const { attributes } = span;
  if (sessionId !== undefined && attributes[ATTR_SESSION_ID] === undefined)
    span.setAttribute(ATTR_SESSION_ID, sessionId);
  if (runId !== undefined && attributes[ATTR_RUN_ID] === undefined) span.setAttribute(ATTR_RUN_ID, runId);
  if (agentKey !== undefined && attributes[ATTR_AGENT_KEY] === undefined) span.setAttribute(ATTR_AGENT_KEY, agentKey);
}
