import { REDACTED } from '../secrets.ts';
import { foreshorten } from './limits.ts';
import type { Redactor } from './redact.ts';

/** Only 2,000 bytes leave the process: no need to walk a graph of a million nodes for them. */
const MAX_NODES = 1_000;
const MAX_DEPTH = 12;

/**
 * Any value as one JSON string without its secrets, of which `maxBytes` will be kept. BigInt, cycles, getters and
 * `toJSON` that throw become a word in square brackets; nothing makes it throw.
 */
export function toJson(value: unknown, redactor: Redactor, key: string, maxBytes: number): string {
  return JSON.stringify(new Walk(redactor, maxBytes).copy(value, key, 0)) ?? 'null';
}

class Walk {
  readonly #redactor: Redactor;
  readonly #maxBytes: number;
  /** The objects around the one that is read. */
  #path: unknown[] = [];
  #nodesLeft = MAX_NODES;
  #bytesLeft: number;

  constructor(redactor: Redactor, maxBytes: number) {
    this.#redactor = redactor;
    this.#maxBytes = maxBytes;
    // What is behind the cut need not be read; the factor leaves room for what redaction shortens.
    this.#bytesLeft = maxBytes * 4;
  }

  copy(value: unknown, key: string, depth: number): unknown {
    this.#nodesLeft--;
    switch (typeof value) {
      case 'string':
        return this.#text(value, key);
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

  #text(value: string, key: string): string {
    const text = this.#redactor.text(foreshorten(value, this.#maxBytes), key) ?? REDACTED;
    this.#bytesLeft -= text.length;
    return text;
  }

  get #full(): boolean {
    return this.#nodesLeft <= 0 || this.#bytesLeft <= 0;
  }

  #object(value: object, key: string, depth: number): unknown {
    if (this.#path.includes(value)) return '[circular]';
    if (depth >= MAX_DEPTH || this.#full) return '[…]';
    // `push` into an empty list makes room for seventeen; most summaries are flat.
    if (depth === 0) this.#path = [value];
    else this.#path.push(value);
    try {
      return this.#members(value, key, depth + 1);
    } catch {
      return '[unreadable]';
    } finally {
      this.#path.pop();
    }
  }

  #members(value: object, key: string, depth: number): unknown {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.copy(toJSON.call(value, key), key, depth);
    if (value instanceof Error) return this.copy({ name: value.name, message: value.message }, key, depth);
    if (isBoxed(value)) return this.copy(value.valueOf(), key, depth);
    if (value instanceof Map) return this.#entries(value, key, depth);
    if (value instanceof Set || Array.isArray(value)) return this.#items(value, key, depth);
    const copy: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      if (this.#full) break;
      this.#put(copy, name, key, this.#redactor.isSecretKey(name) ? REDACTED : this.#property(value, name, depth));
    }
    return copy;
  }

  #entries(entries: ReadonlyMap<unknown, unknown>, key: string, depth: number): object {
    const copy: Record<string, unknown> = {};
    for (const [given, member] of entries) {
      if (this.#full) break;
      const name = String(given);
      this.#put(copy, name, key, this.#redactor.isSecretKey(name) ? REDACTED : this.copy(member, name, depth));
    }
    return copy;
  }

  #items(items: Iterable<unknown>, key: string, depth: number): unknown[] {
    const copy: unknown[] = [];
    for (const item of items) {
      if (this.#full) break;
      copy.push(this.copy(item, key, depth) ?? null);
    }
    return copy;
  }

  #property(value: object, name: string, depth: number): unknown {
    try {
      return this.copy((value as Record<string, unknown>)[name], name, depth);
    } catch {
      return '[unreadable]';
    }
  }

  #put(copy: Record<string, unknown>, name: string, key: string, member: unknown): void {
    const safe = this.#redactor.name(foreshorten(name, this.#maxBytes), key) ?? REDACTED;
    this.#bytesLeft -= safe.length;
    if (safe === '__proto__') Object.defineProperty(copy, safe, { value: member, enumerable: true });
    else copy[safe] = member;
  }
}

function isBoxed(value: object): boolean {
  return value instanceof String || value instanceof Number || value instanceof Boolean || value instanceof BigInt;
}
