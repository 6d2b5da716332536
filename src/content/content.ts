import type { Attributes } from '@opentelemetry/api';
import { ATTR_METADATA_DROPPED, PREFIX_METADATA } from '../attributes.ts';
import type { Diagnostics } from '../diagnostics.ts';
import { describe } from '../errors.ts';
import type { Metadata, Summary } from '../model.ts';
import { REDACTED } from '../secrets.ts';
import { clip, foreshorten } from './limits.ts';
import type { Redactor } from './redact.ts';
import { toJson } from './serialize.ts';

/**
 * How much of the agents' content leaves the process: none, what the app itself passes as a summary or a reason, or
 * also arguments, results and messages.
 */
export type ContentPolicy = 'none' | 'summaries' | 'full';

const MAX_METADATA = 32;
/** Marks metadata that is `undefined`: it is skipped and not counted as dropped. */
const NOTHING = Symbol('nothing');

/**
 * Turns an app's values into attribute values: applies the policy, redacts and limits. All content passes through here.
 */
export class Content {
  readonly #policy: ContentPolicy;
  readonly #redactor: Redactor;
  readonly #maxBytes: number;
  readonly #diagnostics: Diagnostics;

  constructor(policy: ContentPolicy, redactor: Redactor, maxBytes: number, diagnostics: Diagnostics) {
    this.#policy = policy;
    this.#redactor = redactor;
    this.#maxBytes = maxBytes;
    this.#diagnostics = diagnostics;
  }

  /** A name or an id. Anything but a string or a number is left out. */
  name(value: unknown, key: string): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') {
      const name = this.#redactor.name(foreshorten(value, this.#maxBytes), key);
      return name === undefined ? undefined : clip(name, this.#maxBytes);
    }
    if (typeof value === 'number' || typeof value === 'bigint') return String(this.#redactor.number(value));
    this.#reject(value, key, 'a string');
    return undefined;
  }

  /** A count or an index. */
  integer(value: unknown, key: string): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.#reject(value, key, 'a whole number from 0');
    return undefined;
  }

  /** A text or an object, under any policy: metadata, errors. */
  value(value: unknown, key: string): string | undefined {
    const text =
      typeof value === 'string'
        ? this.#redactor.text(foreshorten(value, this.#maxBytes), key)
        : toJson(value, this.#redactor, key, this.#maxBytes);
    return text === undefined ? undefined : clip(text, this.#maxBytes);
  }

  /** What the app passes as a summary or a reason. */
  summary(value: Summary | undefined | null, key: string): string | undefined {
    return value === undefined || value === null || this.#policy === 'none' ? undefined : this.value(value, key);
  }

  /** Arguments, results, messages. */
  full(value: unknown, key: string): string | undefined {
    return value === undefined || this.#policy !== 'full' ? undefined : this.value(value, key);
  }

  /**
   * Writes one attribute per entry: primitives as they are, everything else as JSON. At most 32 per span; the rest is
   * counted.
   * `before` holds the attributes that the span already has.
   */
  metadata(attributes: Attributes, metadata: Metadata | undefined | null, before?: Attributes): void {
    if (metadata === undefined || metadata === null) return;
    const names = this.#names(metadata);
    if (names === undefined) {
      this.#reject(metadata, 'metadata', 'an object that can be read');
      return;
    }
    let written = 0;
    let dropped = 0;
    let droppedBefore = 0;
    if (before) {
      written = Object.keys(before).filter((name) => name.startsWith(PREFIX_METADATA)).length;
      droppedBefore = (before[ATTR_METADATA_DROPPED] as number | undefined) ?? 0;
      dropped = droppedBefore;
    }
    for (const given of names) {
      const value = written < MAX_METADATA ? this.#entry(metadata, given) : undefined;
      if (value === NOTHING) continue;
      const name = value === undefined ? undefined : this.name(given, PREFIX_METADATA);
      if (name === undefined || value === undefined) {
        dropped++;
        continue;
      }
      attributes[PREFIX_METADATA + name] = value;
      written++;
    }
    if (dropped === 0) return;
    attributes[ATTR_METADATA_DROPPED] = dropped;
    this.#diagnostics.droppedAttributes(dropped - droppedBefore);
  }

  #names(metadata: unknown): string[] | undefined {
    try {
      return typeof metadata === 'object' && metadata !== null ? Object.keys(metadata) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Returns `undefined` for a value that cannot be written. */
  #entry(metadata: Metadata, key: string): string | number | boolean | typeof NOTHING | undefined {
    let value: unknown;
    try {
      value = (metadata as Record<string, unknown>)[key];
    } catch {
      return this.#redactor.names.grade(key) === 'secret' ? REDACTED : undefined;
    }
    if (this.#redactor.hides(key, value)) return REDACTED;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number' && isExportable(value)) return this.#redactor.number(value);
    if (value === undefined) return NOTHING;
    return value === null || typeof value === 'function' ? undefined : this.value(value, key);
  }

  #reject(value: unknown, key: string, expected: string): void {
    this.#diagnostics.droppedAttributes(1);
    const option = optionOf(key);
    this.#diagnostics.misuse(
      'invalid_input',
      `${option}: expected ${expected}, got ${describe(value)}; it is left out`,
    );
  }
}

/** The standard exporter writes NaN as null, and an integer beyond 2^53 in a form that receivers reject. */
export function isExportable(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/** The option's name for an attribute: `stepIndex` for `baton.step.index`, `tool.name` for `gen_ai.tool.name`. */
function optionOf(key: string): string {
  const camel = key.replace(/^(?:baton|gen_ai)\./, '').replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (camel === 'session.id') return 'sessionId';
  return camel.replace(/^step\.(\w)/, (_, letter: string) => `step${letter.toUpperCase()}`);
}
