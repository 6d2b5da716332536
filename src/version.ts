/** Name and version of the instrumentation scope; a test holds them against package.json. */
export const NAME = 'otel-baton';
export const VERSION = '0.1.0';
