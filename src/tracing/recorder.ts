import {
  type Attributes,
  type AttributeValue,
  type Context,
  context as contextApi,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { SCHEMA_URL } from '../attributes.ts';
import type { Content } from '../content/content.ts';
import { registeredProvider } from '../context/provider.ts';
import { type Diagnostics, messageOf } from '../diagnostics.ts';
import type { Agent } from '../model.ts';
import { hasRoomToStart, postpone } from '../room-left.ts';
import { NAME, VERSION } from '../version.ts';
import { type Micros, now, toHrTime } from './clock.ts';
import { limitsOf, type SpanLimits } from './limits.ts';
import type { Metrics } from './metrics.ts';

/** A span of the SDK, which drops attributes beyond its limits. */
type LimitedSpan = Span & { readonly droppedAttributesCount?: number };

export interface RecorderOptions {
  readonly tracerProvider: TracerProvider | undefined;
  readonly agent: Agent;
  readonly content: Content;
  readonly diagnostics: Diagnostics;
  readonly metrics: Metrics;
  /** Number of handoffs in one chain beyond which an event is recorded. */
  readonly handoffLimit: number;
  /** The app's own definition of a failure. */
  readonly isFailure: ((error: unknown) => unknown) | undefined;
  /** `all` writes `gen_ai.operation.name` on steps and handoffs, too. */
  readonly operationNames: 'standard' | 'all';
  /** For sessions, and for runs outside any session, that do not name an environment. */
  readonly environment: string | undefined;
}

/** No team has more agents than that. A program may easily have more step keys, one for each ticket or page. */
const MAX_STEP_AGENTS = 100;

/** The only code that starts spans. Its input is already checked and redacted. */
export class Recorder {
  readonly agent: Agent;
  readonly content: Content;
  readonly diagnostics: Diagnostics;
  readonly metrics: Metrics;
  readonly handoffLimit: number;
  readonly isFailure: RecorderOptions['isFailure'];
  readonly operationNames: 'standard' | 'all';
  readonly environment: string | undefined;
  /** Step keys that name child runs without their own agent. */
  readonly #stepAgents = new Set<string>();
  readonly #given: TracerProvider | undefined;
  #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;
  /** The provider's span limits, cached with the tracer. */
  #limits: SpanLimits = limitsOf(undefined);

  constructor(options: RecorderOptions) {
    this.#given = options.tracerProvider;
    this.agent = options.agent;
    this.content = options.content;
    this.diagnostics = options.diagnostics;
    this.metrics = options.metrics;
    this.handoffLimit = options.handoffLimit;
    this.isFailure = options.isFailure;
    this.operationNames = options.operationNames;
    this.environment = options.environment;
  }

  /** The provider behind the global proxy; `undefined` while there is none. */
  provider(): TracerProvider | undefined {
    return registeredProvider(this.#given);
  }

  /**
   * Whether a provider is registered. Once found, the result is cached until the next start; otherwise it is checked
   * now.
   */
  get hasProvider(): boolean {
    return this.#tracer !== undefined || this.provider() !== undefined;
  }

  /**
   * The tracer, looked up at each start: a provider may be registered late, and a tracer taken early from another copy
   * of the API never connects. Cached per provider, because a lookup there builds a key.
   */
  tracer(): Tracer | undefined {
    const provider = this.provider();
    if (provider !== this.#provider || this.#tracer === undefined) {
      this.#provider = provider;
      this.#tracer = provider?.getTracer(NAME, VERSION, { schemaUrl: SCHEMA_URL });
      this.#limits = limitsOf(this.#tracer);
    }
    return provider && this.#tracer;
  }

  /** The provider's span limits, as of the last lookup; the specification's defaults before the first. */
  get limits(): SpanLimits {
    return this.#limits;
  }

  /** The started span; `undefined` when there is no provider. */
  start(
    name: string,
    kind: SpanKind,
    startedAt: Micros,
    attributes: Attributes,
    parent: Context,
    links?: Link[],
  ): Span | undefined {
    if (!hasRoomToStart()) {
      postpone(() => this.failed('starting a span', new RangeError('the stack is full')));
      return undefined;
    }
    let span: Span | undefined;
    try {
      const startTime = toHrTime(startedAt);
      // Two object literals, because a spread costs as much as a tenth of the span.
      const options = links ? { kind, attributes, startTime, links } : { kind, attributes, startTime };
      span = this.tracer()?.startSpan(name, options, parent);
      // A span without a span context would make its scope fail later.
      span?.spanContext();
      return span;
    } catch (error) {
      this.failed('starting a span', error);
      if (span) this.end(span, startedAt, startedAt);
      return undefined;
    }
  }

  /** Sets one attribute on an open span. A separate method, because a closure per run costs more. */
  setAttribute(span: Span, name: string, value: AttributeValue): void {
    try {
      span.setAttribute(name, value);
    } catch (error) {
      this.#warn('writing to a span', error);
    }
  }

  /** Writes to an open span. When a vendor's span throws, only that write is lost, not the scope. */
  write(span: Span, say: (span: Span) => void): void {
    try {
      say(span);
    } catch (error) {
      this.#warn('writing to a span', error);
    }
  }

  /** Ends a span at least 1 µs after its start: backends warn about shorter ones. */
  end(span: Span, startedAt: Micros, endedAt: Micros, attributes?: Attributes): void {
    try {
      if (attributes) span.setAttributes(attributes);
    } catch (error) {
      this.#warn('writing to a span', error);
    }
    try {
      span.end(toHrTime(endedAt > startedAt ? endedAt : startedAt + 1));
      if (this.metrics.on) this.metrics.droppedAttributes((span as LimitedSpan).droppedAttributesCount ?? 0);
    } catch (error) {
      this.failed('ending a span', error);
    }
  }

  /** Whether to follow a span: it is recorded, or it was not sampled and there is a meter provider. */
  follows(span: Span): boolean {
    try {
      return span.isRecording() || (this.metrics.refresh() && isSpanContextValid(span.spanContext()));
    } catch (error) {
      this.failed('starting a span', error);
      this.end(span, 0, now());
      return false;
    }
  }

  /**
   * Whether a step may stand for an agent: only while such names are few, because backends group and colour by them.
   */
  isStepAgent(stepKey: string): boolean {
    if (this.#stepAgents.has(stepKey)) return true;
    if (this.#stepAgents.size >= MAX_STEP_AGENTS) {
      this.diagnostics.warn(
        'too_many_agents',
        `more than ${MAX_STEP_AGENTS} different steps of child runs without an agent: such runs belong to the agent around them from now on; give them an agent, and stepKey a name that does not change`,
      );
      return false;
    }
    this.#stepAgents.add(stepKey);
    return true;
  }

  active(): Context {
    return contextApi.active();
  }

  /** Reports that a span processor or an exporter of the app threw. Its span may be lost; the app continues. */
  failed(what: string, error: unknown): void {
    this.#warn(what, error);
    this.metrics.droppedSpan();
  }

  #warn(what: string, error: unknown): void {
    this.diagnostics.warn('telemetry_failed', `${what} failed in OpenTelemetry: ${messageOf(error)}`);
  }
}

/**
 * A link that every exporter can write: with a foreign trace state that lacks `serialize`, the exporter loses the whole
 * batch.
 */
export function linkTo(context: SpanContext, attributes: Attributes): Link {
  const { traceId, spanId, traceFlags, isRemote, traceState } = context;
  const plain: SpanContext = { traceId, spanId, traceFlags };
  if (isRemote) plain.isRemote = true;
  if (typeof traceState?.serialize === 'function') plain.traceState = traceState;
  return { context: plain, attributes };
}
