/**
 * `otel-baton/bundled`: the `register` of `otel-baton/sdk` for what is bundled or traced (esbuild, webpack, Next.js, a Lambda
 * zip). It imports the SDK where a bundler sees it, from 2.9 on of either line, and sends OTLP over HTTP with JSON.
 *
 * @packageDocumentation
 */
import * as contextHooks from '@opentelemetry/context-async-hooks';
import * as core from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import * as resources from '@opentelemetry/resources';
import * as trace from '@opentelemetry/sdk-trace';
import { type Env, environment } from './env.ts';
import { say } from './set-up/log.ts';
import type { RegisterOptions, Registration } from './set-up/options.ts';
import { type Sdk, sdkFrom } from './set-up/sdk-line.ts';
import { type LoadSdk, setUpQuietly } from './set-up/set-up.ts';

export type { RegisterOptions, Registration } from './set-up/options.ts';

/**
 * As `register` of `otel-baton/sdk`, without a look at what is installed.
 * @throws BatonError `invalid_option` for an option that cannot be used
 * @example
 * ```ts
 * register({ serviceName: 'shop' });
 * ```
 */
export function register(options: RegisterOptions = {}, env: Env = environment()): Registration {
  return setUpQuietly(options, env, bundledSdk);
}

const bundledSdk: LoadSdk = ({ protocol = 'http/json', by }): Sdk => {
  if (protocol !== 'http/json') {
    say('warn', `${by}: otel-baton/bundled has http/json alone, which is used; got "${protocol}"`);
  }
  return sdkFrom({
    trace,
    resources,
    core,
    contextHooks,
    protocol: 'http/json',
    createExporter: (config) => new OTLPTraceExporter(config as object),
    load: () => undefined,
  });
};
