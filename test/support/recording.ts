import { afterEach, beforeEach } from '@jest/globals';
import { context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanLimits,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Baton, type BatonOptions, type BatonWarning } from '../../src/index.ts';
import { spanTree } from './span-tree.ts';

export interface RecordingOptions {
  /** `false`: no async context, as in an app without a context manager. */
  readonly contextManager?: boolean;
  readonly sampler?: Sampler;
  readonly spanProcessors?: readonly SpanProcessor[];
  readonly propagator?: TextMapPropagator;
  readonly spanLimits?: SpanLimits;
}

/** A real SDK provider that keeps its spans in memory, while it is started. One at a time: it is global. */
export class Recording {
  /** What `tree` shows. */
  readonly #show: readonly string[];
  #exporter = new InMemorySpanExporter();
  #provider: BasicTracerProvider | undefined;

  /** What the clients of this recording have warned of since its start. */
  readonly warnings: BatonWarning[] = [];

  constructor(show: readonly string[] = []) {
    this.#show = show;
  }

  start({ contextManager = true, propagator, spanProcessors = [], ...config }: RecordingOptions = {}): void {
    this.warnings.length = 0;
    this.#exporter = new InMemorySpanExporter();
    this.#provider = new BasicTracerProvider({
      ...config,
      spanProcessors: [new SimpleSpanProcessor(this.#exporter), ...spanProcessors],
    });
    trace.setGlobalTracerProvider(this.#provider);
    if (contextManager) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    if (propagator) propagation.setGlobalPropagator(propagator);
  }

  /** Takes the provider, the context manager and the propagator away again. */
  async stop(): Promise<void> {
    await this.#provider?.shutdown();
    this.#provider = undefined;
    trace.disable();
    context.disable();
    propagation.disable();
  }

  async startAgain(options?: RecordingOptions): Promise<void> {
    await this.stop();
    this.start(options);
  }

  get provider(): BasicTracerProvider {
    if (!this.#provider) throw new Error('the recording is not started');
    return this.#provider;
  }

  // Functions with a `this` of their own, so that a file of tests can take them out of its recording.

  /** A client whose warnings are kept here. */
  readonly client = (options: Partial<BatonOptions> = {}): Baton =>
    new Baton({ agent: 'triage', onWarning: (warning) => this.warnings.push(warning), ...options });

  /** What has ended so far. */
  readonly spans = (): ReadableSpan[] => this.#exporter.getFinishedSpans();

  readonly names = (): string[] => this.spans().map(({ name }) => name);

  readonly tree = (show: readonly string[] = this.#show): string => spanTree(this.spans(), { show });

  /** Forgets what has ended so far. */
  forget(): void {
    this.#exporter.reset();
  }
}

/** Records each test of a file, or of a group. `show`: the attributes in its trees. */
export function recordEachTest({
  show,
  ...options
}: RecordingOptions & { readonly show?: readonly string[] } = {}): Recording {
  const recording = new Recording(show);
  beforeEach(() => recording.start(options));
  afterEach(() => recording.stop());
  return recording;
}
