/** Where the set-up says what is wrong: to the app's logger for OpenTelemetry, or in one line on standard error. */
import { type DiagLogFunction, type DiagLogger, type DiagLogLevel, diag } from '@opentelemetry/api';
import { withoutSecrets } from '../secrets.ts';
import { isRegistered } from './globals.ts';

/** Standard error for all levels: standard output may be a protocol, as in MCP servers. */
const onStderr: DiagLogFunction = (message, ...more) => {
  // biome-ignore lint/suspicious/noConsole: the console writes in one go, also in runtimes that are not Node
  console.error(`otel-baton: ${message}`, ...more);
};
const STDERR: DiagLogger = { error: onStderr, warn: onStderr, info: onStderr, debug: onStderr, verbose: onStderr };

/** What was given may be a secret in the wrong place, and a log is also an exit. */
export function say(level: 'warn' | 'error', message: string): void {
  // The name of a variable is no secret, although it may end in KEY.
  const name = /^OTEL_\w+: /.exec(message)?.[0] ?? '';
  const line = (name + withoutSecrets(message.slice(name.length))).replace(/\s+/g, ' ').trim();
  if (isRegistered('diag')) diag[level](line);
  else onStderr(line);
}

/**
 * From now on OpenTelemetry's own words as well, unless the app has a logger for them. Without a level nobody hears them,
 * because a backend that is away must not fill the app's log.
 */
export function logFrom(level: DiagLogLevel | undefined): void {
  if (level !== undefined && !isRegistered('diag')) diag.setLogger(STDERR, level);
}
