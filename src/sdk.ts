/**
 * `otel-baton/sdk`: OpenTelemetry for an app that has none. Sets up provider, context manager, propagators, resource,
 * batch processor and OTLP exporter from the standard `OTEL_*` variables, on whichever SDK line is installed. It looks for
 * the SDK at run time; for a bundle take `otel-baton/bundled`.
 *
 * @packageDocumentation
 */
import { type Env, environment } from './env.ts';
import { loadSdk } from './set-up/installed.ts';
import type { RegisterOptions, Registration } from './set-up/options.ts';
import { setUpQuietly } from './set-up/set-up.ts';

export type { RegisterOptions, Registration } from './set-up/options.ts';

/**
 * Sets OpenTelemetry up, or joins what is there. Where it is not installed or cannot be set up, it says so once on standard
 * error, and gives a registration that does nothing: the app runs without telemetry. The same, without a word, where
 * `OTEL_SDK_DISABLED` is `true`.
 * @throws BatonError `invalid_option` for an option that cannot be used
 * @example
 * ```ts
 * register({ serviceName: 'shop', signals: true });
 * ```
 */
export function register(options: RegisterOptions = {}, env: Env = environment()): Registration {
  return setUpQuietly(options, env, loadSdk);
}
