import { type ContextManager, context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
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

export interface Recording {
  /** What has ended so far. */
  spans(): ReadableSpan[];
  /** Forgets what has ended so far. */
  forget(): void;
  readonly provider: BasicTracerProvider;
  /** Takes the provider and the context manager away again. */
  stop(): Promise<void>;
}

export interface RecordingOptions {
  /** `false`: no async context, as in an app without a context manager. */
  readonly contextManager?: boolean;
  readonly sampler?: Sampler;
  readonly spanProcessors?: SpanProcessor[];
  readonly propagator?: TextMapPropagator;
  readonly spanLimits?: SpanLimits;
}

/** Registers a real SDK provider that keeps its spans in memory. One at a time: it is global. */
export function startRecording(options: RecordingOptions = {}): Recording {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    ...(options.sampler ? { sampler: options.sampler } : {}),
    ...(options.spanLimits ? { spanLimits: options.spanLimits } : {}),
    spanProcessors: [new SimpleSpanProcessor(exporter), ...(options.spanProcessors ?? [])],
  });
  trace.setGlobalTracerProvider(provider);
  if (options.contextManager !== false) {
    const manager: ContextManager = new AsyncLocalStorageContextManager();
    context.setGlobalContextManager(manager.enable());
  }
  if (options.propagator) propagation.setGlobalPropagator(options.propagator);
  return {
    spans: () => exporter.getFinishedSpans(),
    forget: () => exporter.reset(),
    provider,
    async stop() {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}
