import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { ContentPolicy } from './content/content.ts';
import { DEFAULT_ATTRIBUTE_BYTES } from './content/limits.ts';
import type { RedactionOptions } from './content/redact.ts';
import type { BatonWarning } from './diagnostics.ts';
import { type Env, environment } from './env.ts';
import { BatonError, describe } from './errors.ts';
import type { Agent } from './model.ts';

/** The options of a client. An option that is not given comes from its environment variable, else from its default. */
export interface BatonOptions {
  /** The agent of every run that names no agent of its own: an object, or the key. Required. */
  readonly agent: Agent | string;
  /**
   * Whether Baton records. Env: `BATON_MODE`.
   *
   * - `monitor`: Baton records spans and metrics.
   * - `off`: every call is a no-op, and handles have valid ids.
   *
   * @defaultValue `'monitor'`
   */
  readonly mode?: 'monitor' | 'off' | undefined;
  /**
   * Alias of `mode`; kept for code that switches its clients with a boolean. `false` is the same as `mode: 'off'`. `true`
   * also overrules `OTEL_SDK_DISABLED`. Env: `BATON_ENABLED`, `OTEL_SDK_DISABLED`.
   * @defaultValue `true`
   */
  readonly enabled?: boolean | undefined;
  /**
   * Misuse throws a `BatonError` instead of causing a warning. For development and tests. Env: `BATON_STRICT`.
   * @defaultValue `false`
   */
  readonly strict?: boolean | undefined;
  /** Written as `baton.environment` on sessions, and on runs outside any session. */
  readonly environment?: string | undefined;
  /** The provider of the spans. Default: the global provider, also one that is registered later. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** The provider of the metrics. Default: the global provider, also one that is registered later. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * How much content is recorded. Env: `BATON_CONTENT`, or `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true` for
   * `full`.
   *
   * - `none`: no content.
   * - `summaries`: what the app itself calls a summary or a reason.
   * - `full`: also arguments, results and messages.
   *
   * @defaultValue `'summaries'`
   */
  readonly content?: ContentPolicy | undefined;
  /** What is redacted, in addition to the built-in rules. */
  readonly redaction?: RedactionOptions | undefined;
  /**
   * The longest text attribute, in bytes of UTF-8: a whole number from 64. Baton cuts longer texts and marks the cut. Tempo
   * cuts at 2,048 bytes, without a mark.
   * @defaultValue `2000`
   */
  readonly maxAttributeBytes?: number | undefined;
  /**
   * Which spans have the attribute `gen_ai.operation.name`:
   *
   * - `standard`: the spans for which OpenTelemetry defines an operation.
   * - `all`: also steps, handoffs and their answers, for backends that filter by it (Langfuse, Braintrust). In Jaeger's UI
   *   it hides their details.
   *
   * @defaultValue `'standard'`
   */
  readonly operationNames?: 'standard' | 'all' | undefined;
  /**
   * The number of handoffs of the same work, one after the other, above which the session gets an event
   * `baton.handoff.limit_exceeded`: a whole number from 1. Such work may be passed on forever, without an agent that does it.
   * @defaultValue `25`
   */
  readonly handoffLimit?: number | undefined;
  /**
   * Decides whether a thrown value is a failure. Return `false` for a value that your app throws as control flow, and
   * `undefined` to let Baton decide. Baton already knows that aborts, and the interrupts, commands and redirects of LangGraph,
   * Next.js, SvelteKit and React Router, are not failures.
   */
  readonly isFailure?: ((error: unknown) => boolean | undefined) | undefined;
  /** Called with the first warning of each code. The same warnings go to OpenTelemetry's `diag` logger. */
  readonly onWarning?: ((warning: BatonWarning) => void) | undefined;
}

export interface ResolvedOptions {
  readonly agent: Agent | string;
  readonly enabled: boolean;
  readonly strict: boolean;
  readonly environment: string | undefined;
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly content: ContentPolicy;
  readonly redaction: RedactionOptions;
  readonly maxAttributeBytes: number;
  readonly operationNames: 'standard' | 'all';
  readonly handoffLimit: number;
  readonly isFailure: ((error: unknown) => boolean | undefined) | undefined;
  readonly onWarning: ((warning: BatonWarning) => void) | undefined;
}

/** OpenAI's Agents SDK stops after ten turns, LangGraph after 25 steps. */
const DEFAULT_HANDOFF_LIMIT = 25;

/**
 * The checked options: as given, else from the environment, else the default.
 * @throws BatonError `invalid_option` that names the option, what was expected and what was given
 */
export function resolveOptions(options: BatonOptions, env: Env = environment()): ResolvedOptions {
  if (typeof options !== 'object' || options === null) fail('options', 'an object with at least an agent', options);
  const mode = oneOf(pick('mode', options.mode, 'BATON_MODE', env), ['monitor', 'off'], 'monitor');
  const enabled =
    bool(pick('enabled', options.enabled, 'BATON_ENABLED', env), true) &&
    (options.enabled !== undefined || env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true');
  return {
    agent: agent(options.agent),
    enabled: enabled && mode === 'monitor',
    strict: bool(pick('strict', options.strict, 'BATON_STRICT', env), false),
    environment: text('environment', options.environment),
    tracerProvider: tracerProvider(options.tracerProvider),
    meterProvider: meterProvider(options.meterProvider),
    content: oneOf(
      pick('content', options.content, 'BATON_CONTENT', env),
      ['none', 'summaries', 'full'],
      contentFromEnv(env),
    ),
    redaction: redaction(options.redaction),
    maxAttributeBytes: bytes(options.maxAttributeBytes),
    operationNames: oneOf({ name: 'operationNames', value: options.operationNames }, ['standard', 'all'], 'standard'),
    handoffLimit: limit(options.handoffLimit),
    isFailure: hook('isFailure', options.isFailure),
    onWarning: hook('onWarning', options.onWarning),
  };
}

/** The variable that all agent instrumentations share is the fallback for Baton's own. */
function contentFromEnv(env: Env): ContentPolicy {
  const standard = env.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT?.toLowerCase();
  return standard === 'true' || standard === 'span_only' || standard === 'span_and_event' ? 'full' : 'summaries';
}

/** A value and the name of its source, for error messages. */
interface Picked {
  readonly name: string;
  readonly value: unknown;
}

function pick(option: string, given: unknown, variable: string, env: Env): Picked {
  return given === undefined && env[variable]
    ? { name: variable, value: env[variable] }
    : { name: option, value: given };
}

function fail(option: string, expected: string, got: unknown): never {
  throw new BatonError('invalid_option', `${option}: expected ${expected}, got ${describe(got)}`);
}

function agent(given: unknown): Agent | string {
  const key = typeof given === 'object' && given !== null ? (given as Partial<Agent>).key : given;
  if (typeof key !== 'string' || key.trim() === '') {
    fail('agent', '{ key: "support-orchestrator", name?: "…" } or just the key', given);
  }
  if (typeof given === 'object') {
    for (const field of ['name', 'description', 'version'] as const) text(`agent.${field}`, (given as Agent)[field]);
  }
  return given as Agent | string;
}

function oneOf<T extends string>({ name, value }: Picked, words: readonly T[], otherwise: T): T {
  if (value === undefined || value === '') return otherwise;
  if ((words as readonly unknown[]).includes(value)) return value as T;
  return fail(name, words.map((word) => `"${word}"`).join(' or '), value);
}

function bool({ name, value }: Picked, otherwise: boolean): boolean {
  if (value === undefined || value === '') return otherwise;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  return fail(name, 'true or false', value);
}

function text(option: string, given: unknown): string | undefined {
  if (given === undefined || typeof given === 'string') return given;
  return fail(option, 'a string', given);
}

function hook<T>(option: string, given: T | undefined): T | undefined {
  if (given === undefined || typeof given === 'function') return given;
  return fail(option, 'a function', given);
}

function tracerProvider(given: unknown): TracerProvider | undefined {
  if (given === undefined) return undefined;
  if (typeof (given as Partial<TracerProvider> | null)?.getTracer === 'function') return given as TracerProvider;
  return fail('tracerProvider', 'an OpenTelemetry tracer provider (it has getTracer)', given);
}

function meterProvider(given: unknown): MeterProvider | undefined {
  if (given === undefined) return undefined;
  if (typeof (given as Partial<MeterProvider> | null)?.getMeter === 'function') return given as MeterProvider;
  return fail('meterProvider', 'an OpenTelemetry meter provider (it has getMeter)', given);
}

function bytes(given: unknown): number {
  if (given === undefined) return DEFAULT_ATTRIBUTE_BYTES;
  if (typeof given === 'number' && Number.isInteger(given) && given >= 64) return given;
  return fail('maxAttributeBytes', 'a whole number from 64', given);
}

function limit(given: unknown): number {
  if (given === undefined) return DEFAULT_HANDOFF_LIMIT;
  if (typeof given === 'number' && Number.isInteger(given) && given >= 1) return given;
  return fail('handoffLimit', 'a whole number from 1', given);
}

function redaction(given: unknown): RedactionOptions {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null)
    fail('redaction', '{ keys?, allowKeys?, patterns?, redact? }', given);
  const { keys, allowKeys, patterns, redact } = given as RedactionOptions;
  for (const [option, list] of Object.entries({ keys, allowKeys })) {
    if (list !== undefined && !(Array.isArray(list) && list.every((key) => typeof key === 'string'))) {
      fail(`redaction.${option}`, 'an array of strings', list);
    }
  }
  if (patterns !== undefined && !(Array.isArray(patterns) && patterns.every((pattern) => pattern instanceof RegExp))) {
    fail('redaction.patterns', 'an array of regular expressions', patterns);
  }
  hook('redaction.redact', redact);
  return given;
}
