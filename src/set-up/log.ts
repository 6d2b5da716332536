/** Where OpenTelemetry and the set-up say what is wrong, in an app that has no logger for it. */
import { type DiagLogFunction, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { Env } from '../env.ts';
import { logLevelFrom, textFrom, warnOf } from './environment.ts';
import { isRegistered } from './globals.ts';

/** Standard error for all levels: standard output may be a protocol, as in MCP servers. */
const tell: DiagLogFunction = (message, ...more) => {
  // biome-ignore lint/suspicious/noConsole: the console writes in one go, also in runtimes that are not Node
  console.error(message.startsWith('otel-baton') ? message : `otel-baton: ${message}`, ...more);
};
const STDERR: DiagLogger = { error: tell, warn: tell, info: tell, debug: tell, verbose: tell };

/**
 * Runs a set-up so that what is wrong with it is seen. With `OTEL_LOG_LEVEL` the logger stays; without it, it listens to
 * the set-up alone: a backend that is away must not fill the app's log.
 */
export function heard<T>(env: Env, setUp: () => T): T {
  if (isRegistered('diag')) return setUp();
  const level = logLevelFrom(env);
  diag.setLogger(STDERR, level ?? DiagLogLevel.WARN);
  try {
    const given = textFrom(env, 'OTEL_LOG_LEVEL');
    if (given && level === undefined) {
      const expected = 'one of none, error, warn, info, debug, verbose, all';
      warnOf('OTEL_LOG_LEVEL', expected, given, 'by default only the set-up is heard, from warn');
    }
    return setUp();
  } finally {
    if (level === undefined) diag.disable();
  }
}
