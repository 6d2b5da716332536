import { REDACTED, type Redactor } from './redact.ts';

/** Only 2,000 bytes leave the process: no need to walk a graph of a million nodes for them. */
const MAX_NODES = 1_000;
const MAX_DEPTH = 12;
/** Longer texts are cut before the redactor reads them; far beyond what leaves the process. */
const MAX_TEXT = 64_000;

/**
 * Any value as one JSON string without its secrets. BigInt, cycles, getters and `toJSON` that throw become a word in
 * square brackets; nothing makes it throw.
 */
export function toJson(value: unknown, redactor: Redactor, key: string): string {
  const walk = new Walk(redactor);
  return JSON.stringify(walk.copy(value, key, 0)) ?? 'null';
}

class Walk {
  readonly #redactor: Redactor;
  readonly #path: unknown[] = [];
  #left = MAX_NODES;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  copy(value: unknown, key: string, depth: number): unknown {
    this.#left--;
    switch (typeof value) {
      case 'string':
        return this.#redactor.text(value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value, key) ?? REDACTED;
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return String(value);
      case 'object':
        return value === null ? null : this.#object(value, key, depth);
      case 'function':
      case 'symbol':
        return undefined;
      default:
        return value;
    }
  }

  #object(value: object, key: string, depth: number): unknown {
    if (this.#path.includes(value)) return '[circular]';
    if (depth >= MAX_DEPTH || this.#left <= 0) return '[…]';
    this.#path.push(value);
    try {
      return this.#members(value, key, depth + 1);
    } catch {
      return '[unreadable]';
    } finally {
      this.#path.pop();
    }
  }

  #members(value: object, key: string, depth: number): unknown {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.copy(toJSON.call(value, key), key, depth);
    if (value instanceof Error) return this.copy({ name: value.name, message: value.message }, key, depth);
    if (value instanceof Map) return this.#members(Object.fromEntries(value), key, depth);
    if (value instanceof Set) return this.#members([...value], key, depth);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      for (const item of value) {
        if (this.#left <= 0) break;
        copy.push(this.copy(item, key, depth) ?? null);
      }
      return copy;
    }
    const copy: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      if (this.#left <= 0) break;
      const safe = this.#redactor.name(name, key) ?? REDACTED;
      copy[safe] = this.#redactor.isSecretKey(name) ? REDACTED : this.#member(value, name, depth);
    }
    return copy;
  }

  #member(value: object, name: string, depth: number): unknown {
    try {
      return this.copy((value as Record<string, unknown>)[name], name, depth);
    } catch {
      return '[unreadable]';
    }
  }
}
