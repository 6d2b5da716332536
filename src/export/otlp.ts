/**
 * The one file that knows OpenTelemetry's SDK lines: 2.x (`api` 1.9) and 3.x (`api` 1.10). Both are written against
 * `@opentelemetry/sdk-trace`, which each line has; what the app has installed is found at run time.
 */
import { createRequire } from 'node:module';
import type { ContextManager, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { BatonError } from '../errors.ts';

/** What Baton uses of an SDK, whichever line it is. */
export interface Sdk {
  readonly trace: TraceModule;
  readonly resources: ResourcesModule;
  readonly exporter: new (config: OtlpConfig) => object;
  readonly contextManager: ContextManager & { enable(): ContextManager };
  readonly propagators: Readonly<Record<'tracecontext' | 'baggage', TextMapPropagator>>;
  composite(propagators: readonly TextMapPropagator[]): TextMapPropagator;
}

/** A provider that can be flushed and ended. */
export type HostedProvider = TracerProvider & { forceFlush(): Promise<void>; shutdown(): Promise<void> };

interface OtlpConfig {
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

interface TraceModule {
  readonly TracerProvider: new (options: object) => HostedProvider;
  readonly BatchSpanProcessor: new (options: object) => object;
  readonly SimpleSpanProcessor: new (options: object) => object;
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

const EXPORTER = '@opentelemetry/exporter-trace-otlp-http';
const PROTO_EXPORTER = '@opentelemetry/exporter-trace-otlp-proto';
const CONTEXT = '@opentelemetry/context-async-hooks';

/** Pins of one line: a bare install may take packages of both, which do not fit together. */
const INSTALL: Readonly<Record<'2' | '3', string>> = {
  '2': 'npm install @opentelemetry/api@1.9 @opentelemetry/sdk-trace-base@2 @opentelemetry/exporter-trace-otlp-http@0.223 @opentelemetry/context-async-hooks@2',
  '3': 'npm install @opentelemetry/api@1.10 @opentelemetry/sdk-trace@3 @opentelemetry/exporter-trace-otlp-http@0.301 @opentelemetry/context-async-hooks@3',
};

/**
 * Finds the SDK that the app has installed.
 * @throws BatonError that names what is missing and the command that installs it
 */
export function loadSdk(protocol: 'json' | 'protobuf' = 'json'): Sdk {
  const app = appRequire();
  const exporterName = protocol === 'protobuf' && app.has(PROTO_EXPORTER) ? PROTO_EXPORTER : EXPORTER;
  const missing = [exporterName, CONTEXT].filter((name) => !app.has(name));
  if (missing.length > 0) throw notInstalled(missing);
  const beside = createRequire(app.resolve(exporterName));
  // The exporter depends on its line's sdk-trace; the app's own copy, where there is one, is the one it uses elsewhere.
  const from = app.has('@opentelemetry/sdk-trace') ? createRequire(app.resolve('@opentelemetry/sdk-trace')) : beside;
  const load = (name: string): never => {
    try {
      return from(name) as never;
    } catch {
      throw notInstalled([name]);
    }
  };
  const core: {
    W3CTraceContextPropagator: new () => TextMapPropagator;
    W3CBaggagePropagator: new () => TextMapPropagator;
    CompositePropagator: new (options: { propagators: readonly TextMapPropagator[] }) => TextMapPropagator;
  } = load('@opentelemetry/core');
  const { AsyncLocalStorageContextManager }: { AsyncLocalStorageContextManager: new () => Sdk['contextManager'] } =
    app.load(CONTEXT);
  const exporter: { OTLPTraceExporter: Sdk['exporter'] } = app.load(exporterName);
  return {
    trace: load('@opentelemetry/sdk-trace'),
    resources: load('@opentelemetry/resources'),
    exporter: exporter.OTLPTraceExporter,
    contextManager: new AsyncLocalStorageContextManager(),
    propagators: { tracecontext: new core.W3CTraceContextPropagator(), baggage: new core.W3CBaggagePropagator() },
    composite: (propagators) => new core.CompositePropagator({ propagators }),
  };
}

/** Looks where the app's entry file looks, then where it was started: SDK packages are the app's, not ours. */
function appRequire() {
  const bases = [process.argv[1], `${process.cwd()}/app.js`].filter((base) => base !== undefined);
  const requires = bases.map((base) => createRequire(base));
  const resolve = (name: string): string | undefined => {
    for (const require of requires) {
      try {
        return require.resolve(name);
      } catch {
        // The next base may have it.
      }
    }
    return undefined;
  };
  return {
    has: (name: string) => resolve(name) !== undefined,
    resolve: (name: string) => resolve(name) ?? name,
    load: (name: string): never => (requires[0] as NodeJS.Require)(resolve(name) ?? name) as never,
  };
}

function notInstalled(missing: readonly string[]): BatonError {
  const { deno } = process.versions as Record<string, string | undefined>;
  const inDeno = deno ? `In Deno, deno.json needs "nodeModulesDir": "auto". ` : '';
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const line = major > 22 || (major === 22 && minor >= 15) ? '3' : '2';
  return new BatonError(
    'sdk_not_installed',
    `OpenTelemetry's SDK is not installed: ${missing.join(' and ')} cannot be found from here. ${inDeno}Run\n  ${INSTALL[line]}\n`,
  );
}
