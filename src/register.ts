/**
 * `node --import otel-baton/register app.js` (or `--require`): OpenTelemetry from the standard `OTEL_*` variables, before
 * the first line of the app. Where a provider is registered already it joins, and says so.
 *
 * @packageDocumentation
 */
import { environment } from './env.ts';
import { register } from './sdk.ts';

if (environment().OTEL_SDK_DISABLED?.toLowerCase() !== 'true' && register().joined) {
  process.emitWarning('otel-baton/register: a tracer provider is registered already; joined it, nothing was set up');
}
