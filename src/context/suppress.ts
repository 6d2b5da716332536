import { type Context, createContextKey } from '@opentelemetry/api';

/** The key of OpenTelemetry's core, the same in both SDK lines. It suppresses tracing inside exporters. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}

/** A context in which nothing is recorded, for Baton's own requests. */
export function suppressed(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true);
}
