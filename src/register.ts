/**
 * `node --import otel-baton/register app.js` (or `--require`): OpenTelemetry from the standard `OTEL_*` variables, before
 * the first line of the app. Where a provider is registered already it joins, and says so. Where there is no SDK, it says
 * that in one line: every process inherits `NODE_OPTIONS`, and none may end because of it.
 *
 * @packageDocumentation
 */
import { register } from './sdk.ts';

try {
  if (register().joined) {
    process.emitWarning('otel-baton/register: a tracer provider is registered already; joined it, nothing was set up');
  }
} catch (error) {
  // biome-ignore lint/suspicious/noConsole: there is nobody else to tell
  console.error('otel-baton/register: the app runs without telemetry.', error);
}
