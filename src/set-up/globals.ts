/** Where all copies of the API of this major keep what is registered. */
const API = Symbol.for('opentelemetry.js.api.1');

/** Is something there already? To ask first is quiet; to register twice is an error of the API. */
export function isRegistered(what: 'context' | 'diag' | 'propagation'): boolean {
  return (globalThis as { [API]?: Readonly<Record<string, unknown>> })[API]?.[what] !== undefined;
}
