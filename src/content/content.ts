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
 * How much of what the agents say leaves the process: nothing, what the app itself calls a summary or a reason, or also
 * arguments, results and messages.
 */
export type ContentPolicy = 'none' | 'summaries' | 'full';

const MAX_METADATA = 32;
/** The app said `undefined`, which is to say nothing. */
const NOTHING = Symbol('nothing');

/** Turns what an app gives into attribute values: by policy, redacted, limited. The only door for content. */
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

  /** A name or an id: what is no text or number is left out. */
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

  /** A text or an object, whatever the policy: metadata, errors. */
  value(value: unknown, key: string): string | undefined {
    const text =
      typeof value === 'string'
        ? this.#redactor.text(foreshorten(value, this.#maxBytes), key)
        : toJson(value, this.#redactor, key, this.#maxBytes);
    return text === undefined ? undefined : clip(text, this.#maxBytes);
  }

  /** What the app itself calls a summary or a reason. */
  summary(value: Summary | undefined | null, key: string): string | undefined {
    return value === undefined || value === null || this.#policy === 'none' ? undefined : this.value(value, key);
  }

  /** Arguments, results, messages. */
  full(value: unknown, key: string): string | undefined {
    return value === undefined || this.#policy !== 'full' ? undefined : this.value(value, key);
  }

  /**
   * One attribute per entry: primitives as they are, the rest as JSON, at most 32 of one span, the rest counted.
   * `before` are the attributes that the span has already.
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

  /** `undefined` for what cannot be written. */
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

/** The stock exporter writes NaN as null and an integer beyond 2^53 in a form that receivers refuse. */
export function isExportable(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/** The app's word for an attribute: `baton.step.index` is said as `stepIndex`, `gen_ai.tool.name` as `tool.name`. */
function optionOf(key: string): string {
  const camel = key.replace(/^(?:baton|gen_ai)\./, '').replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (camel === 'session.id') return 'sessionId';
  return camel.replace(/^step\.(\w)/, (_, letter: string) => `step${letter.toUpperCase()}`);
}
