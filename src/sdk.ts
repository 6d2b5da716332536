/**
 * `otel-baton/sdk`: OpenTelemetry for an app that has none. Sets up provider, context manager, propagators, resource,
 * batch processor and OTLP/HTTP exporter from the standard `OTEL_*` variables, on whichever SDK line is installed.
 *
 * @packageDocumentation
 */
import { context, diag, propagation, type TracerProvider, trace } from '@opentelemetry/api';
import { registeredProvider } from './context/provider.ts';
import { type Env, environment } from './env.ts';
import { BatonError, describe } from './errors.ts';
import { agentServices } from './export/agent-services.ts';
import { batchOptionsFromEnv, listFrom, samplerFromEnv, spanLimitsFromEnv } from './export/environment.ts';
import { type HostedProvider, loadSdk, type MergeableResource, type Sdk } from './export/otlp.ts';

/** What is given here wins over the environment. */
export interface RegisterOptions {
  /** Env: `OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`. Default `unknown_service:node`. */
  readonly serviceName?: string | undefined;
  /** `service.version`. */
  readonly serviceVersion?: string | undefined;
  /** More resource attributes. */
  readonly resource?: Readonly<Record<string, string>> | undefined;
  /**
   * Where the collector listens, without `/v1/traces`: `http://localhost:4318`. Env: `OTEL_EXPORTER_OTLP_ENDPOINT`, or
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` for the whole address.
   */
  readonly endpoint?: string | undefined;
  /** Env: `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A sampler of the installed SDK line. Env: `OTEL_TRACES_SAMPLER`. */
  readonly sampler?: object | undefined;
  /** Processors of the app's own, before the one that exports. */
  readonly spanProcessors?: readonly object[] | undefined;
  /**
   * A service of its own for each agent.
   * @defaultValue `true`
   */
  readonly agentServices?: boolean | undefined;
  /**
   * Flush on these signals, then let them do what they do. `true`: SIGTERM and SIGINT.
   * @defaultValue `false`
   */
  readonly signals?: boolean | readonly NodeJS.Signals[] | undefined;
}

export interface Registration {
  /** The provider that spans go to. */
  readonly provider: TracerProvider;
  /** True when the app had a provider already: nothing was set up, and nothing of it is ended by `shutdown`. */
  readonly joined: boolean;
  /** Hands what has ended to the backend. Never rejects; `false` when that did not work. */
  flush(): Promise<boolean>;
  /** Flushes and ends the provider. Never rejects; may be called twice. */
  shutdown(): Promise<boolean>;
}

/**
 * Sets OpenTelemetry up, or joins what is there.
 * @throws BatonError `sdk_not_installed` with the command that installs it, `invalid_option` for an unusable option
 */
export function register(options: RegisterOptions = {}, env: Env = environment()): Registration {
  check(options);
  const there = registeredProvider();
  if (there) {
    diag.info('otel-baton: a tracer provider is registered already; its spans go there, and nothing was set up');
    return registration(there, true);
  }
  const sdk = loadSdk(env.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/protobuf' ? 'protobuf' : 'json');
  const provider = createProvider(sdk, options, env);
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(sdk.contextManager.enable());
  propagation.setGlobalPropagator(propagatorsFrom(env, sdk));
  const registered = registration(provider, false);
  process.once('beforeExit', () => void registered.flush());
  flushOn(options.signals, registered);
  return registered;
}

function createProvider(sdk: Sdk, options: RegisterOptions, env: Env): HostedProvider {
  const sampler = options.sampler ?? samplerFromEnv(env, sdk);
  return new sdk.trace.TracerProvider({
    resource: resourceFrom(sdk, options),
    spanLimits: spanLimitsFromEnv(env),
    spanProcessors: [...(options.spanProcessors ?? []), ...exportProcessors(sdk, options, env)],
    ...(sampler ? { sampler } : {}),
  });
}

function resourceFrom({ resources }: Sdk, options: RegisterOptions): MergeableResource {
  const { envDetector, hostDetector, serviceInstanceIdDetector } = resources;
  const detectors = [envDetector, hostDetector, serviceInstanceIdDetector];
  // Not the process detector: it sends the command line along, and command lines hold secrets.
  const given: Record<string, string | number> = {
    'process.pid': process.pid,
    ...runtime(),
    ...options.resource,
  };
  if (options.serviceName) given['service.name'] = options.serviceName;
  if (options.serviceVersion) given['service.version'] = options.serviceVersion;
  return resources
    .defaultResource()
    .merge(resources.detectResources({ detectors }))
    .merge(resources.resourceFromAttributes(given));
}

/** Bun and Deno say that they are Node, too. */
function runtime(): Record<string, string> {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  const name = bun ? 'bun' : deno ? 'deno' : 'nodejs';
  return { 'process.runtime.name': name, 'process.runtime.version': bun ?? deno ?? node ?? '' };
}

function exportProcessors(sdk: Sdk, options: RegisterOptions, env: Env): object[] {
  const processors: object[] = [];
  for (const name of listFrom(env, 'OTEL_TRACES_EXPORTER', ['otlp'])) {
    if (name === 'none') continue;
    if (name === 'console') {
      processors.push(new sdk.trace.SimpleSpanProcessor({ exporter: new sdk.trace.ConsoleSpanExporter() }));
      continue;
    }
    if (name !== 'otlp') diag.warn(`OTEL_TRACES_EXPORTER: expected otlp, console or none, got "${name}"; using otlp`);
    const otlp = new sdk.exporter(otlpConfig(options));
    const exporter = options.agentServices === false ? otlp : agentServices(otlp as never);
    processors.push(new sdk.trace.BatchSpanProcessor({ exporter, ...batchOptionsFromEnv(env) }));
  }
  return processors;
}

function otlpConfig({ endpoint, headers }: RegisterOptions): object {
  return {
    ...(endpoint === undefined
      ? {}
      : { url: `${endpoint.replace(/\/+$/, '').replace(/\/v1\/traces$/, '')}/v1/traces` }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function propagatorsFrom(env: Env, sdk: Sdk) {
  const names = listFrom(env, 'OTEL_PROPAGATORS', ['tracecontext', 'baggage']);
  const known = names.flatMap((name) => {
    if (name === 'tracecontext' || name === 'baggage') return [sdk.propagators[name]];
    if (name !== 'none')
      diag.warn(`OTEL_PROPAGATORS: expected tracecontext, baggage or none, got "${name}"; it is left out`);
    return [];
  });
  return sdk.composite(known);
}

function registration(provider: TracerProvider, joined: boolean): Registration {
  const hosted = provider as Partial<HostedProvider>;
  let ended: Promise<boolean> | undefined;
  const quietly = (what: string, action: (() => Promise<void>) | undefined): Promise<boolean> =>
    Promise.resolve(action?.call(provider)).then(
      () => true,
      (error: unknown) => {
        const first = Array.isArray(error) ? error[0] : error;
        diag.warn(`otel-baton: ${what} failed: ${first instanceof Error ? first.message : String(first)}`);
        return false;
      },
    );
  const flush = (): Promise<boolean> => ended ?? quietly('flush', hosted.forceFlush);
  return {
    provider,
    joined,
    flush,
    shutdown() {
      if (joined) return flush();
      ended ??= quietly('shutdown', hosted.shutdown);
      return ended;
    },
  };
}

function flushOn(signals: RegisterOptions['signals'], registered: Registration): void {
  const names: readonly NodeJS.Signals[] = signals === true ? ['SIGTERM', 'SIGINT'] : signals || [];
  for (const signal of names) {
    process.once(signal, () => {
      // Our listener is gone by now: the signal does what it would have done without us.
      void registered.shutdown().then(() => process.kill(process.pid, signal));
    });
  }
}

function check(options: RegisterOptions): void {
  if (typeof options !== 'object' || options === null) invalid('options', 'an object', options);
  for (const name of ['serviceName', 'serviceVersion'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'string') invalid(name, 'a string', options[name]);
  }
  const { endpoint } = options;
  if (endpoint !== undefined && !(typeof endpoint === 'string' && /^https?:\/\//.test(endpoint))) {
    invalid('endpoint', 'an address such as "http://localhost:4318"', endpoint);
  }
}

function invalid(option: string, expected: string, got: unknown): never {
  throw new BatonError('invalid_option', `${option}: expected ${expected}, got ${describe(got)}`);
}
