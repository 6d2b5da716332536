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

/** A span of the SDK: its limits drop what is too much. */
type LimitedSpan = Span & { readonly droppedAttributesCount?: number };

export interface RecorderOptions {
  readonly tracerProvider: TracerProvider | undefined;
  readonly agent: Agent;
  readonly content: Content;
  readonly diagnostics: Diagnostics;
  readonly metrics: Metrics;
  /** How many handoffs of one piece of work, one after the other, are remarkable. */
  readonly handoffLimit: number;
  /** The app's own word on what is a failure. */
  readonly isFailure: ((error: unknown) => unknown) | undefined;
  /** `gen_ai.operation.name` on steps and handoffs, too. */
  readonly operationNames: 'standard' | 'all';
  /** Of sessions, and of runs outside any session, that name none of their own. */
  readonly environment: string | undefined;
}

/** More agents than that no team has; more steps, one for each ticket or page, a program easily makes. */
const MAX_STEP_AGENTS = 100;

/** The only place that starts a span. What it is given is already checked and redacted. */
export class Recorder {
  readonly agent: Agent;
  readonly content: Content;
  readonly diagnostics: Diagnostics;
  readonly metrics: Metrics;
  readonly handoffLimit: number;
  readonly isFailure: RecorderOptions['isFailure'];
  readonly operationNames: 'standard' | 'all';
  readonly environment: string | undefined;
  /** Steps that child runs without an agent of their own are named by. */
  readonly #stepAgents = new Set<string>();
  readonly #given: TracerProvider | undefined;
  #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;
  /** Of the provider's spans; kept with the tracer. */
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

  /** The provider behind the global proxy, or `undefined` while there is none. */
  provider(): TracerProvider | undefined {
    return registeredProvider(this.#given);
  }

  /** Whether somebody records, as of the last look; where nobody did, as of now. Each start looks again. */
  get hasProvider(): boolean {
    return this.#tracer !== undefined || this.provider() !== undefined;
  }

  /**
   * The tracer, looked up at each start: a provider may be registered late, and one taken early from another copy of the
   * API never connects. Kept per provider, because a lookup there builds a key.
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

  /** How much the provider keeps of one span: as of the last look for it, or by the specification before the first. */
  get limits(): SpanLimits {
    return this.#limits;
  }

  /** The started span, or `undefined` when there is nobody to record it. */
  start(
    name: string,
    kind: SpanKind,
    startedAt: Micros,
    attributes: Attributes,
    around: Context,
    links?: Link[],
  ): Span | undefined {
    if (!hasRoomToStart()) {
      postpone(() => this.failed('starting a span', new RangeError('the stack is full')));
      return undefined;
    }
    let span: Span | undefined;
    try {
      const startTime = toHrTime(startedAt);
      // Two literals: a spread costs as much as a tenth of the span.
      const options = links ? { kind, attributes, startTime, links } : { kind, attributes, startTime };
      span = this.tracer()?.startSpan(name, options, around);
      // A span that cannot say where it is would fail its scope later.
      span?.spanContext();
      return span;
    } catch (error) {
      this.failed('starting a span', error);
      if (span) this.end(span, startedAt, startedAt);
      return undefined;
    }
  }

  /** One attribute more on an open span: by itself, because a closure for each run costs more. */
  setAttribute(span: Span, name: string, value: AttributeValue): void {
    try {
      span.setAttribute(name, value);
    } catch (error) {
      this.#warn('writing to a span', error);
    }
  }

  /** Something on an open span. What a vendor's span throws costs what was said, and not the scope. */
  write(span: Span, say: (span: Span) => void): void {
    try {
      say(span);
    } catch (error) {
      this.#warn('writing to a span', error);
    }
  }

  /** Ends a span at least 1 µs after its start: backends warn about less. */
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

  /** Whether to follow a span: it is recorded, or it was not sampled and somebody counts all the same. */
  follows(span: Span): boolean {
    try {
      return span.isRecording() || (this.metrics.refresh() && isSpanContextValid(span.spanContext()));
    } catch (error) {
      this.failed('starting a span', error);
      this.end(span, 0, now());
      return false;
    }
  }

  /** Whether a step may stand for an agent: only as long as such names stay few, because backends group and colour by them. */
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

  /** A span processor or an exporter of the app threw: its span may be lost, the app goes on. */
  failed(what: string, error: unknown): void {
    this.#warn(what, error);
    this.metrics.droppedSpan();
  }

  #warn(what: string, error: unknown): void {
    this.diagnostics.warn('telemetry_failed', `${what} failed in OpenTelemetry: ${messageOf(error)}`);
  }
}

/** A link that no exporter stumbles over: a foreign trace state without `serialize` loses its whole batch. */
export function linkTo(context: SpanContext, attributes: Attributes): Link {
  const { traceId, spanId, traceFlags, isRemote, traceState } = context;
  const plain: SpanContext = { traceId, spanId, traceFlags };
  if (isRemote) plain.isRemote = true;
  if (typeof traceState?.serialize === 'function') plain.traceState = traceState;
  return { context: plain, attributes };
}
