import { type Context, createContextKey } from '@opentelemetry/api';

/** The key of OpenTelemetry's core, the same in both SDK lines: nothing is recorded inside exporters. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}

/** A context in which nobody records: for requests of our own. */
export function suppressed(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true);
}
