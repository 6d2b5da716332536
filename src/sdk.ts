/**
 * `otel-baton/sdk`: sets OpenTelemetry up for an app that does not do so itself. It sets up provider, context manager,
 * propagators, resource, batch processor and OTLP exporter from the standard `OTEL_*` variables, on the SDK line that is
 * installed. It looks for the SDK at run time. For a bundle, use `otel-baton/bundled`.
 *
 * @packageDocumentation
 */
import { type Env, environment } from './env.ts';
import { loadSdk } from './set-up/installed.ts';
import type { RegisterOptions, Registration } from './set-up/options.ts';
import { setUpQuietly } from './set-up/set-up.ts';

export type { RegisterOptions, Registration } from './set-up/options.ts';

/**
 * Sets OpenTelemetry up, or uses the provider that is registered already. Where OpenTelemetry is not installed or cannot be
 * set up, the app runs without telemetry: `register` writes one message to standard error and returns a registration that is
 * a no-op. The same holds, without the message, where `OTEL_SDK_DISABLED` is `true`.
 *
 * @param env - the environment variables; the default is those of the process
 * @throws BatonError `invalid_option` for an option that cannot be used
 * @example
 * ```ts
 * register({ serviceName: 'shop', signals: true });
 * ```
 */
export function register(options: RegisterOptions = {}, env: Env = environment()): Registration {
  return setUpQuietly(options, env, loadSdk);
}
