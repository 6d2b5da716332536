/** The standard `OTEL_*` variables that `sdk-trace` leaves to its host, read the way the specification says. */
import { DiagLogLevel } from '@opentelemetry/api';
import type { Env } from '../env.ts';
import { sessionSampler } from '../export/session-sampler.ts';
import { LONGEST_TIMER_MS } from '../time-limit.ts';
import { say } from './log.ts';
import { PROTOCOLS, type Protocol, type Sdk } from './sdk-line.ts';

/** What a variable says, without spaces around it; an empty one counts as not set. */
export function textFrom(env: Env, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** Told while the set-up reads the variable, once. */
export function warnOf(name: string, expected: string, got: string, instead: string): void {
  const shown = got.length > 100 ? `${got.slice(0, 97)}...` : got;
  say('warn', `${name}: expected ${expected}, got "${shown}"; ${instead}`);
}

/** `OTEL_SDK_DISABLED`: only the word `true` disables, in any case. */
export function isDisabled(env: Env): boolean {
  const given = textFrom(env, 'OTEL_SDK_DISABLED');
  const word = given?.toLowerCase();
  if (given && word !== 'true' && word !== 'false') {
    warnOf('OTEL_SDK_DISABLED', 'true or false', given, 'the default, false, holds');
  }
  return word === 'true';
}

/** `OTEL_LOG_LEVEL`; `undefined` where it is not set, or is no level. */
export function logLevelFrom(env: Env): DiagLogLevel | undefined {
  const given = textFrom(env, 'OTEL_LOG_LEVEL');
  if (given === undefined) return undefined;
  const levels = DiagLogLevel as unknown as Record<string, DiagLogLevel | string | undefined>;
  const level = levels[given.toUpperCase()];
  if (typeof level === 'number') return level;
  const expected = 'none, error, warn, info, debug, verbose or all';
  warnOf('OTEL_LOG_LEVEL', expected, given, 'by default only what is wrong with the set-up is told');
  return undefined;
}

/** `OTEL_TRACES_SAMPLER` and its argument, ours among them; `undefined` leaves the SDK's default, parentbased_always_on. */
export function samplerFrom(env: Env, { trace }: Sdk): object | undefined {
  const given = textFrom(env, 'OTEL_TRACES_SAMPLER');
  const name = given?.toLowerCase();
  if (!given || !name) return undefined;
  const ratio = (): number => ratioFrom(env);
  const roots: Record<string, () => object> = {
    always_on: () => new trace.AlwaysOnSampler(),
    always_off: () => new trace.AlwaysOffSampler(),
    traceidratio: () => new trace.TraceIdRatioBasedSampler(ratio()),
  };
  const known: Record<string, () => object> = {
    ...roots,
    baton_session: () => sessionSampler({ ratio: ratio() }),
    baton_session_tail: () => sessionSampler({ ratio: ratio(), tail: true }),
  };
  for (const [root, create] of Object.entries(roots)) {
    known[`parentbased_${root}`] = () => new trace.ParentBasedSampler({ root: create() });
  }
  if (Object.hasOwn(known, name)) return known[name]?.();
  const expected = `one of ${Object.keys(known).join(', ')}`;
  warnOf('OTEL_TRACES_SAMPLER', expected, given, 'the default, parentbased_always_on, holds');
  return undefined;
}

function ratioFrom(env: Env): number {
  const given = textFrom(env, 'OTEL_TRACES_SAMPLER_ARG');
  if (given === undefined) return 1;
  const ratio = Number(given);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnOf('OTEL_TRACES_SAMPLER_ARG', 'a share from 0 to 1', given, 'the default, 1, holds');
  return 1;
}

/** `OTEL_BSP_*`: the batch processor's queue, batch size and delays. */
export function batchOptionsFrom(env: Env): Readonly<Record<string, number>> {
  const queue = numberFrom(env, 'OTEL_BSP_MAX_QUEUE_SIZE', { from: 1, otherwise: 2048 });
  const batch = numberFrom(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', { from: 1, otherwise: Math.min(512, queue) });
  if (batch > queue) {
    warnOf('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', `at most OTEL_BSP_MAX_QUEUE_SIZE`, String(batch), `${queue} is used`);
  }
  return {
    maxQueueSize: queue,
    maxExportBatchSize: Math.min(batch, queue),
    scheduledDelayMillis: numberFrom(env, 'OTEL_BSP_SCHEDULE_DELAY', { otherwise: 5000 }),
    // No limit, says the specification, is a timeout of 0.
    exportTimeoutMillis: numberFrom(env, 'OTEL_BSP_EXPORT_TIMEOUT', { otherwise: 30_000 }) || LONGEST_TIMER_MS,
  };
}

/** How much one span, one event and one link may hold. */
export function spanLimitsFrom(env: Env): Readonly<Record<string, number>> {
  const count = (name: string, otherwise = 128): number => numberFrom(env, name, { otherwise });
  // The SDK cannot cut to nothing: it would warn of each value and keep it.
  const length = (name: string, otherwise: number): number => numberFrom(env, name, { from: 1, otherwise });
  return {
    attributeValueLengthLimit: length(
      'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
      length('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', Number.POSITIVE_INFINITY),
    ),
    attributeCountLimit: count('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', count('OTEL_ATTRIBUTE_COUNT_LIMIT')),
    eventCountLimit: count('OTEL_SPAN_EVENT_COUNT_LIMIT'),
    linkCountLimit: count('OTEL_SPAN_LINK_COUNT_LIMIT'),
    attributePerEventCountLimit: count('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'),
    attributePerLinkCountLimit: count('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'),
  };
}

const TRACES_EXPORTERS = ['otlp', 'console', 'none'] as const;

/** `OTEL_TRACES_EXPORTER`: the known ones, each once; `[]` for `none`. */
export function tracesExportersFrom(env: Env): readonly ('otlp' | 'console')[] {
  const names = listFrom(env, 'OTEL_TRACES_EXPORTER') ?? ['otlp'];
  const known = names.filter((name) => TRACES_EXPORTERS.includes(name as 'otlp'));
  const used = known.length > 0 ? known : ['otlp'];
  for (const name of names) {
    if (known.includes(name)) continue;
    const instead = known.length > 0 ? 'it is left out' : 'the default, otlp, holds';
    warnOf('OTEL_TRACES_EXPORTER', 'otlp, console or none', name, instead);
  }
  const exporters = used.filter((name) => name !== 'none');
  if (exporters.length > 0 && exporters.length < used.length) {
    warnOf('OTEL_TRACES_EXPORTER', 'none alone', used.join(','), 'none is left out');
  }
  return exporters as ('otlp' | 'console')[];
}

/** `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, else the one for all signals, and which of them said so. */
export function protocolFrom(env: Env): { readonly protocol?: Protocol; readonly by?: string } {
  for (const by of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const given = textFrom(env, by);
    const protocol = PROTOCOLS.find((each) => each === given?.toLowerCase());
    if (protocol) return { protocol, by };
    if (given) warnOf(by, PROTOCOLS.join(' or '), given, 'that of the installed exporter holds');
  }
  return {};
}

/** Words between commas, in lower case, each once. */
export function listFrom(env: Env, name: string): readonly string[] | undefined {
  const words = (textFrom(env, name) ?? '').split(',').map((word) => word.trim().toLowerCase());
  const given = [...new Set(words.filter(Boolean))];
  return given.length > 0 ? given : undefined;
}

/** A whole number; the specification has them end at 2³¹ − 1, which is also the longest timer. */
export function numberFrom(
  env: Env,
  name: string,
  { from = 0, otherwise }: { readonly from?: number; readonly otherwise: number },
): number {
  const given = textFrom(env, name);
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (Number.isInteger(number) && number >= from && number <= LONGEST_TIMER_MS) return number;
  const stands = Number.isFinite(otherwise) ? otherwise : 'no limit';
  warnOf(name, `a whole number from ${from} to ${LONGEST_TIMER_MS}`, given, `the default, ${stands}, holds`);
  return otherwise;
}
