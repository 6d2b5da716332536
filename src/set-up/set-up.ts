/** OpenTelemetry for an app that has none: what `register` of every entry does, with an SDK from wherever it comes. */
import { context, diag, propagation, type TracerProvider, trace } from '@opentelemetry/api';
import { registeredProvider } from '../context/provider.ts';
import { messageOf } from '../diagnostics.ts';
import type { Env } from '../env.ts';
import { BatonError } from '../errors.ts';
import { agentServices } from '../export/agent-services.ts';
import { withTimeLimit } from '../time-limit.ts';
import {
  batchOptionsFrom,
  isDisabled,
  listFrom,
  logLevelFrom,
  protocolFrom,
  samplerFrom,
  spanLimitsFrom,
  tracesExportersFrom,
  warnOf,
} from './environment.ts';
import { isRegistered } from './globals.ts';
import { LastSpans } from './last-spans.ts';
import { logFrom, say } from './log.ts';
import { checkOptions, type RegisterOptions, type Registration } from './options.ts';
import { otlpConfigFrom } from './otlp-variables.ts';
import { resourceFrom } from './resource.ts';
import type { HostedProvider, Sdk, Wanted } from './sdk-line.ts';
import { flushOnSignals } from './signals.ts';

const FLUSH_MS = 10_000;
const SHUTDOWN_MS = 2_000;

/** Gives the SDK, or throws a `BatonError` that says what to install. */
export type LoadSdk = (wanted: Wanted) => Sdk;

/** Once per process: an app may ask at each of its entries. */
let told = false;

/**
 * Sets OpenTelemetry up, and costs the app nothing but its telemetry where that does not work.
 * @throws BatonError `invalid_option` for an option that cannot be used
 */
export function setUpQuietly(options: RegisterOptions, env: Env, loadSdk: LoadSdk): Registration {
  checkOptions(options);
  try {
    return setUp(options, env, loadSdk);
  } catch (error) {
    const why = error instanceof BatonError ? error.message : `it could not be set up: ${messageOf(error)}`;
    if (!told) say('error', `the app runs without telemetry. ${why}`);
    told = true;
    return NOTHING;
  }
}

/**
 * The same, for who wants to know.
 * @throws BatonError `sdk_not_installed`, and whatever an SDK throws
 */
export function setUp(options: RegisterOptions, env: Env, loadSdk: LoadSdk): Registration {
  logFrom(logLevelFrom(env));
  if (isDisabled(env)) {
    // The specification: disabling has no effect on propagators that a variable asks for.
    if (listFrom(env, 'OTEL_PROPAGATORS')) registerPropagators(env, loadSdk({ otlp: false }));
    return NOTHING;
  }
  const there = registeredProvider();
  if (there) {
    diag.info('otel-baton: a tracer provider is registered already; spans go to it, and nothing was set up');
    const joined = registration(there, true);
    flushOnSignals(options.signals, joined.flush);
    return joined;
  }
  const exporters = tracesExportersFrom(env);
  const otlp = exporters.includes('otlp');
  const sdk = loadSdk({ otlp, ...(otlp ? protocolFrom(env) : {}) });
  const last = new LastSpans();
  const provider = new sdk.trace.TracerProvider({
    resource: resourceFrom(sdk, options, env),
    spanLimits: spanLimitsFrom(env),
    spanProcessors: [
      ...(options.spanProcessors ?? []),
      ...exporters.map((name) => exportProcessor(name, sdk, options, env)),
      last,
    ],
    ...samplerOption(options.sampler ?? samplerFrom(env, sdk)),
  });
  if (!trace.setGlobalTracerProvider(provider)) {
    throw new BatonError(
      'no_provider',
      'another version of @opentelemetry/api is there first: `npm ls @opentelemetry/api`',
    );
  }
  if (!isRegistered('context')) context.setGlobalContextManager(sdk.contextManager.enable());
  registerPropagators(env, sdk);
  const registered = registration(provider, false);
  // It comes again when others found more to do. What was sent is not sent twice, so the process does end.
  process.on('beforeExit', () => {
    if (last.take()) void registered.flush();
  });
  flushOnSignals(options.signals, () => {
    last.hurry(provider);
    return registered.flush();
  });
  return registered;
}

function samplerOption(sampler: object | undefined): { readonly sampler?: object } {
  return sampler ? { sampler } : {};
}

function exportProcessor(name: 'otlp' | 'console', sdk: Sdk, options: RegisterOptions, env: Env): object {
  const { BatchSpanProcessor, SimpleSpanProcessor, ConsoleSpanExporter } = sdk.trace;
  if (name === 'console') return new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() });
  const { endpoint, headers } = options;
  const otlp = sdk.createExporter({
    ...otlpConfigFrom(env, sdk.protocol),
    ...(endpoint === undefined ? {} : { url: tracesUrl(endpoint, sdk) }),
    ...(headers === undefined ? {} : { headers }),
  });
  const exporter = options.agentServices === false ? otlp : agentServices(otlp as never);
  return new BatchSpanProcessor({ exporter, ...batchOptionsFrom(env) });
}

function tracesUrl(endpoint: string, { protocol }: Sdk): string {
  const base = endpoint.replace(/\/+$/, '').replace(/\/v1\/traces$/, '');
  return protocol === 'grpc' ? base : `${base}/v1/traces`;
}

function registerPropagators(env: Env, sdk: Sdk): void {
  const names = listFrom(env, 'OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'];
  const propagators = names.flatMap((name) => {
    if (name === 'none') return [];
    const propagator = sdk.propagator(name);
    if (propagator && !('missing' in propagator)) return [propagator];
    const known = 'tracecontext, baggage, b3, b3multi, jaeger, ottrace, xray or none';
    const why = propagator ? `it needs ${propagator.missing}, which is not installed here, and` : 'it';
    warnOf('OTEL_PROPAGATORS', known, name, `${why} is left out; the default is tracecontext,baggage`);
    return [];
  });
  if (propagators.length > 0 && !isRegistered('propagation')) {
    propagation.setGlobalPropagator(sdk.composite(propagators));
  }
}

function registration(provider: TracerProvider, joined: boolean): Registration {
  const hosted = provider as Partial<HostedProvider>;
  let ended: Promise<boolean> | undefined;
  const quietly = (what: 'forceFlush' | 'shutdown', timeoutMs: number): Promise<boolean> => {
    const work = (async () => hosted[what]?.())().then(
      () => true,
      (error: unknown) => {
        diag.warn(`otel-baton: ${what} failed: ${messageOf(Array.isArray(error) ? error[0] : error)}`);
        return false;
      },
    );
    return withTimeLimit(work, timeoutMs, false);
  };
  const flush: Registration['flush'] = ({ timeoutMs = FLUSH_MS } = {}) => ended ?? quietly('forceFlush', timeoutMs);
  return {
    provider,
    joined,
    flush,
    shutdown({ timeoutMs = SHUTDOWN_MS } = {}) {
      if (joined) return flush({ timeoutMs });
      ended ??= quietly('shutdown', timeoutMs);
      return ended;
    },
  };
}

const NOTHING: Registration = {
  get provider() {
    return trace.getTracerProvider();
  },
  joined: false,
  flush: async () => true,
  shutdown: async () => true,
};
