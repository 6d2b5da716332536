/**
 * The one file that knows how the lines of OpenTelemetry's SDK differ: 2.x (`api` 1.9) and 3.x (`api` 1.10). Both have
 * `@opentelemetry/sdk-trace`; before 2.9 it was a part of `@opentelemetry/sdk-trace-base`, with older constructors.
 */
import type { ContextManager, TextMapPropagator, TracerProvider } from '@opentelemetry/api';

/** What Baton uses of an SDK, whichever line it is. */
export interface Sdk {
  readonly trace: TraceModule;
  readonly resources: ResourcesModule;
  readonly protocol: Protocol;
  /** An OTLP exporter; what is not given it reads from the standard variables. */
  createExporter(config: OtlpConfig): object;
  readonly contextManager: ContextManager & { enable(): ContextManager };
  /** A propagator by its name in `OTEL_PROPAGATORS`, or the package that would bring it. */
  propagator(name: string): TextMapPropagator | { readonly missing: string } | undefined;
  composite(propagators: readonly TextMapPropagator[]): TextMapPropagator;
}

/** A provider that can be flushed and ended. */
export type HostedProvider = TracerProvider & { forceFlush(): Promise<void>; shutdown(): Promise<void> };

/** The values of `OTEL_EXPORTER_OTLP_PROTOCOL`; where none is asked for, the first one whose exporter is installed. */
export const PROTOCOLS = ['http/json', 'http/protobuf', 'grpc'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What a set-up asks of an SDK. */
export interface Wanted {
  /** What a variable asks for. */
  readonly protocol?: Protocol | undefined;
  /** The variable. */
  readonly by?: string | undefined;
  /** False where nothing is sent by OTLP, so that no exporter has to be there. */
  readonly otlp?: boolean | undefined;
}

export interface OtlpConfig {
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMillis?: number | undefined;
  readonly compression?: string | undefined;
}

interface TraceModule {
  readonly TracerProvider: new (options: object) => HostedProvider;
  readonly BatchSpanProcessor: new (options: { readonly exporter: object }) => object;
  readonly SimpleSpanProcessor: new (options: { readonly exporter: object }) => object;
  readonly ConsoleSpanExporter: new () => object;
  readonly AlwaysOnSampler: new () => object;
  readonly AlwaysOffSampler: new () => object;
  readonly TraceIdRatioBasedSampler: new (ratio: number) => object;
  readonly ParentBasedSampler: new (options: { root: object }) => object;
}

interface ResourcesModule {
  readonly envDetector: object;
  readonly hostDetector: object;
  readonly serviceInstanceIdDetector: object;
  defaultResource(): MergeableResource;
  detectResources(options: { detectors: object[] }): MergeableResource;
  resourceFromAttributes(attributes: Readonly<Record<string, string | number>>): MergeableResource;
}

export interface MergeableResource {
  readonly attributes: Readonly<Record<string, unknown>>;
  merge(other: MergeableResource): MergeableResource;
}

/** The packages of an SDK as they were loaded, by whomever. */
export interface SdkPackages {
  /** `@opentelemetry/sdk-trace`, or `@opentelemetry/sdk-trace-base` before 2.9. */
  readonly trace: object;
  readonly resources: object;
  readonly core: object;
  readonly contextHooks: object;
  readonly protocol: Protocol;
  createExporter(config: OtlpConfig): object;
  /** Loads a package that an app may have in addition. */
  load(name: string): object | undefined;
}

interface Core {
  readonly W3CTraceContextPropagator: new () => TextMapPropagator;
  readonly W3CBaggagePropagator: new () => TextMapPropagator;
  readonly CompositePropagator: new (options: { propagators: readonly TextMapPropagator[] }) => TextMapPropagator;
}

/** The propagators that are packages of their own: package, class, options. */
const MORE_PROPAGATORS: Readonly<Record<string, readonly [string, string, object?]>> = {
  b3: ['@opentelemetry/propagator-b3', 'B3Propagator'],
  b3multi: ['@opentelemetry/propagator-b3', 'B3Propagator', { injectEncoding: 1 }],
  jaeger: ['@opentelemetry/propagator-jaeger', 'JaegerPropagator'],
  ottrace: ['@opentelemetry/propagator-ot-trace', 'OTTracePropagator'],
  xray: ['@opentelemetry/propagator-aws-xray', 'AWSXRayPropagator'],
};

export function sdkFrom({ trace, resources, core, contextHooks, ...packages }: SdkPackages): Sdk {
  const { W3CTraceContextPropagator, W3CBaggagePropagator, CompositePropagator } = core as Core;
  const { AsyncLocalStorageContextManager } = contextHooks as {
    AsyncLocalStorageContextManager: new () => Sdk['contextManager'];
  };
  return {
    trace: 'TracerProvider' in trace ? (trace as TraceModule) : beforeSdkTrace(trace as SdkTraceBase),
    resources: resources as ResourcesModule,
    protocol: packages.protocol,
    createExporter: packages.createExporter,
    contextManager: new AsyncLocalStorageContextManager(),
    propagator(name) {
      if (name === 'tracecontext') return new W3CTraceContextPropagator();
      if (name === 'baggage') return new W3CBaggagePropagator();
      const [from, className, options] = MORE_PROPAGATORS[name] ?? [];
      if (!from || !className) return undefined;
      const { [className]: Propagator } = (packages.load(from) ?? {}) as Record<
        string,
        new (
          options?: object,
        ) => never
      >;
      return Propagator ? new Propagator(options) : { missing: from };
    },
    composite: (propagators) => new CompositePropagator({ propagators }),
  };
}

interface SdkTraceBase extends Omit<TraceModule, 'TracerProvider' | 'BatchSpanProcessor' | 'SimpleSpanProcessor'> {
  readonly BasicTracerProvider: TraceModule['TracerProvider'];
  readonly BatchSpanProcessor: new (exporter: object, options: object) => object;
  readonly SimpleSpanProcessor: new (exporter: object) => object;
}

/** 2.0 to 2.8: the exporter is an argument of its own. */
function beforeSdkTrace(base: SdkTraceBase): TraceModule {
  return {
    ...base,
    TracerProvider: base.BasicTracerProvider,
    BatchSpanProcessor: class extends base.BatchSpanProcessor {
      constructor({ exporter, ...options }: { readonly exporter: object }) {
        super(exporter, options);
      }
    },
    SimpleSpanProcessor: class extends base.SimpleSpanProcessor {
      constructor({ exporter }: { readonly exporter: object }) {
        super(exporter);
      }
    },
  };
}
