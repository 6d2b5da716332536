/** The standard `OTEL_*` variables that `sdk-trace` leaves to its host, read the way the specification says. */
import { diag } from '@opentelemetry/api';
import type { Env } from '../env.ts';
import type { Sdk } from './otlp.ts';
import { sessionSampler } from './session-sampler.ts';

/** `OTEL_TRACES_SAMPLER` and its argument, ours among them; `undefined` leaves the SDK's default, parentbased_always_on. */
export function samplerFromEnv(env: Env, { trace }: Sdk): object | undefined {
  const name = env.OTEL_TRACES_SAMPLER?.trim();
  if (!name) return undefined;
  const ratio = Math.min(1, numberFrom(env, 'OTEL_TRACES_SAMPLER_ARG') ?? 1);
  if (name === 'baton_session') return sessionSampler({ ratio });
  if (name === 'baton_session_tail') return sessionSampler({ ratio, tail: true });
  const roots: Record<string, () => object> = {
    always_on: () => new trace.AlwaysOnSampler(),
    always_off: () => new trace.AlwaysOffSampler(),
    traceidratio: () => new trace.TraceIdRatioBasedSampler(ratio),
  };
  const root = roots[name.replace('parentbased_', '')];
  if (!root) {
    const known = [...Object.keys(roots), 'baton_session', 'baton_session_tail'].join(', ');
    diag.warn(`OTEL_TRACES_SAMPLER: expected one of ${known} or parentbased_…, got "${name}"`);
    return undefined;
  }
  return name.startsWith('parentbased_') ? new trace.ParentBasedSampler({ root: root() }) : root();
}

/** `OTEL_BSP_*`: the batch processor's queue, batch size and delays. */
export function batchOptionsFromEnv(env: Env): Record<string, number> {
  return defined({
    maxQueueSize: numberFrom(env, 'OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: numberFrom(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    scheduledDelayMillis: numberFrom(env, 'OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: numberFrom(env, 'OTEL_BSP_EXPORT_TIMEOUT'),
  });
}

/** `OTEL_SPAN_*` and `OTEL_ATTRIBUTE_*`: how much one span may hold. */
export function spanLimitsFromEnv(env: Env): Record<string, number> {
  return defined({
    attributeValueLengthLimit:
      numberFrom(env, 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT') ?? numberFrom(env, 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
    attributeCountLimit:
      numberFrom(env, 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT') ?? numberFrom(env, 'OTEL_ATTRIBUTE_COUNT_LIMIT'),
    linkCountLimit: numberFrom(env, 'OTEL_SPAN_LINK_COUNT_LIMIT'),
    eventCountLimit: numberFrom(env, 'OTEL_SPAN_EVENT_COUNT_LIMIT'),
  });
}

export function listFrom(env: Env, name: string, otherwise: readonly string[]): readonly string[] {
  const words = (env[name] ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  return words.length > 0 ? words : otherwise;
}

function numberFrom(env: Env, name: string): number | undefined {
  const given = env[name]?.trim();
  if (!given) return undefined;
  const number = Number(given);
  if (Number.isFinite(number) && number >= 0) return number;
  diag.warn(`${name}: expected a number from 0, got "${given}"; the default holds`);
  return undefined;
}

function defined(options: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(options).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
