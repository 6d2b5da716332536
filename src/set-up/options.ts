/** The options of `register`, and its result. */
import type { TracerProvider } from '@opentelemetry/api';
import { BatonError, describe } from '../errors.ts';
import { isHttp } from './otlp-variables.ts';

/** The options of `register`. An option wins over its environment variable (Env). */
export interface RegisterOptions {
  /** Env: `OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`. Default `unknown_service:node`. */
  readonly serviceName?: string | undefined;
  /** Written as `service.version` of the resource. */
  readonly serviceVersion?: string | undefined;
  /** Further resource attributes. */
  readonly resource?: Readonly<Record<string, string>> | undefined;
  /**
   * The address of the collector without `/v1/traces`: `http://localhost:4318`. Env: `OTEL_EXPORTER_OTLP_ENDPOINT`, or
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` for the whole address.
   */
  readonly endpoint?: string | undefined;
  /** The headers of each export request. Env: `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A sampler of the installed SDK line. Env: `OTEL_TRACES_SAMPLER`. */
  readonly sampler?: object | undefined;
  /** Span processors of the app. They run before the one that exports. */
  readonly spanProcessors?: readonly object[] | undefined;
  /**
   * Whether each agent appears as a service of its own in the backend.
   * @defaultValue `true`
   */
  readonly agentServices?: boolean | undefined;
  /**
   * The signals on which to flush. `true` means SIGTERM and SIGINT. Other listeners of the signal are not disturbed, and it is
   * up to them to end the process. Without another listener, the signal ends the process when the spans are sent, after at
   * most two seconds.
   * @defaultValue `false`
   */
  readonly signals?: boolean | readonly `SIG${string}`[] | undefined;
}

/** The result of `register`. */
export interface Registration {
  /** The provider of the spans. */
  readonly provider: TracerProvider;
  /** True when a provider was registered already. Then `register` sets nothing up, and `shutdown` does not end that provider. */
  readonly joined: boolean;
  /**
   * Sends the ended spans to the backend. Never rejects. Resolves to `false` when that failed, or took longer than
   * `timeoutMs` (milliseconds, default 10,000).
   */
  flush(options?: { readonly timeoutMs?: number }): Promise<boolean>;
  /**
   * Flushes and ends the provider, within `timeoutMs` (milliseconds, default 2,000). Never rejects, and may be called twice.
   * Resolves to `false` when that failed or took longer.
   */
  shutdown(options?: { readonly timeoutMs?: number }): Promise<boolean>;
}

/** @throws BatonError `invalid_option` that names the option, what was expected and what was given */
export function checkOptions(options: RegisterOptions): void {
  if (!isObject(options)) invalid('options', 'an object', options);
  const { serviceName, serviceVersion, resource, endpoint, headers, sampler, spanProcessors, agentServices, signals } =
    options;
  for (const [name, value] of Object.entries({ serviceName, serviceVersion })) {
    if (value !== undefined && typeof value !== 'string') invalid(name, 'a string', value);
  }
  for (const [name, value] of Object.entries({ resource, headers })) {
    if (value !== undefined && !isObject(value)) invalid(name, 'an object of strings', value);
    const bad = Object.entries(value ?? {}).find(([, each]) => typeof each !== 'string');
    if (bad) invalid(`${name}["${bad[0]}"]`, 'a string', bad[1]);
  }
  if (endpoint !== undefined && !(typeof endpoint === 'string' && isHttp(endpoint))) {
    invalid('endpoint', 'an address such as "http://localhost:4318"', endpoint);
  }
  if (sampler !== undefined && !has(sampler, 'shouldSample')) invalid('sampler', 'a sampler of the SDK', sampler);
  if (spanProcessors !== undefined) {
    if (!Array.isArray(spanProcessors)) invalid('spanProcessors', 'an array', spanProcessors);
    const bad = spanProcessors.findIndex((each) => !has(each, 'onStart', 'onEnd', 'forceFlush', 'shutdown'));
    if (bad >= 0) invalid(`spanProcessors[${bad}]`, 'a span processor', spanProcessors[bad]);
  }
  if (agentServices !== undefined && typeof agentServices !== 'boolean') {
    invalid('agentServices', 'true or false', agentServices);
  }
  if (signals !== undefined && typeof signals !== 'boolean') {
    if (!Array.isArray(signals)) invalid('signals', 'true, false or names such as "SIGTERM"', signals);
    const bad = signals.find((each) => !/^SIG[A-Z\d]+$/.test(each) || each === 'SIGKILL' || each === 'SIGSTOP');
    if (bad !== undefined) invalid('signals', 'names of signals that can be listened to, such as "SIGTERM"', bad);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function has(value: unknown, ...methods: readonly string[]): boolean {
  const object = value as Record<string, unknown> | null | undefined;
  return methods.every((name) => typeof object?.[name] === 'function');
}

function invalid(option: string, expected: string, got: unknown): never {
  throw new BatonError('invalid_option', `${option}: expected ${expected}, got ${describe(got)}`);
}
