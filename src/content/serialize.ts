import { NAMING, precedesSecret, REDACTED, VALUED } from '../secrets.ts';
import { foreshorten } from './limits.ts';
import { describeObject, errorFacts, isErrorLike, kindOf } from './objects.ts';
import type { Redactor } from './redact.ts';

/** Only 2,000 bytes leave the process, so there is no need to walk a graph of a million nodes. */
const MAX_NODES = 1_000;
const MAX_DEPTH = 12;

/**
 * Serializes any value to one JSON string without its secrets, of which `maxBytes` are kept later. A value that JSON
 * cannot express (a function, a promise, a cycle, a getter that throws) becomes a text in square brackets. Never
 * throws.
 */
export function toJson(value: unknown, redactor: Redactor, key: string, maxBytes: number): string {
  return flat(value, redactor, key) ?? JSON.stringify(new Walk(redactor, maxBytes).root(value, key)) ?? 'null';
}

/** Up to this many short texts need no limits. */
const FEW = 8;
const SHORT = 100;

/**
 * Fast path for the common input, an object with a few short texts and counts under harmless names: takes half the
 * time. Returns `undefined` for anything else, and has then written nothing.
 */
function flat(value: unknown, redactor: Redactor, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined;
  if (redactor.hasHook || redactor.names.isPlural(key)) return undefined;
  const copy: Record<string, unknown> = {};
  let count = 0;
  try {
    for (const name of Object.keys(value)) {
      const member: unknown = (value as Record<string, unknown>)[name];
      if (++count > FEW || NAMING.test(name) || redactor.names.grade(name) !== 'none') return undefined;
      if (redactor.name(name, key) !== name || name === 'toJSON' || name === '__proto__') return undefined;
      if (typeof member === 'string') {
        if (member.length > SHORT || redactor.text(member, name) !== member) return undefined;
      } else if (typeof member === 'number') {
        if (!Number.isFinite(member) || redactor.number(member) !== member) return undefined;
      } else if (typeof member !== 'boolean') return undefined;
      copy[name] = member;
    }
  } catch {
    return undefined;
  }
  return JSON.stringify(copy);
}

class Walk {
  readonly #redactor: Redactor;
  readonly #maxBytes: number;
  /** The enclosing objects of the value that is being read, to detect cycles. */
  #path: unknown[] = [];
  /** The enclosing plural name of secrets: its texts are secrets, its counts are not. */
  #plural: string | undefined;
  #nodesLeft = MAX_NODES;
  #bytesLeft: number;

  constructor(redactor: Redactor, maxBytes: number) {
    this.#redactor = redactor;
    this.#maxBytes = maxBytes;
    // What lies beyond the cut need not be read. The factor leaves room for text that redaction shortens.
    this.#bytesLeft = maxBytes * 4;
  }

  /**
   * The root's name is an attribute's. It does not make the value a secret, except for its texts when the name is a
   * plural of secrets.
   */
  root(value: unknown, key: string): unknown {
    if (this.#redactor.names.isPlural(key)) this.#plural = key;
    return this.copy(value, key, 0);
  }

  copy(value: unknown, key: string, depth: number): unknown {
    this.#nodesLeft--;
    switch (typeof value) {
      case 'string':
        return this.#text(value, key);
      case 'number':
        return Number.isFinite(value) ? this.#redactor.number(value) : String(value);
      case 'bigint':
        return String(this.#redactor.number(value));
      case 'object':
        return value === null ? null : this.#object(value, key, depth);
      case 'function':
      case 'symbol':
        return this.#word(value, key);
      default:
        return value;
    }
  }

  #text(value: string, key: string): string {
    if (this.#plural !== undefined && this.#redactor.hides(this.#plural, value)) return REDACTED;
    const text = this.#redactor.text(foreshorten(value, this.#maxBytes), key) ?? REDACTED;
    this.#bytesLeft -= text.length;
    return text;
  }

  /** Describes a value that JSON cannot express, in square brackets. */
  #word(value: object | symbol, key: string): string {
    const word = `[${describeObject(value)}]`;
    return this.#redactor.name(word, key) ?? REDACTED;
  }

  get #full(): boolean {
    return this.#nodesLeft <= 0 || this.#bytesLeft <= 0;
  }

  #object(value: object, key: string, depth: number): unknown {
    if (this.#path.includes(value)) return '[circular]';
    if (depth >= MAX_DEPTH || this.#full) return '[…]';
    // `push` into an empty list allocates room for seventeen items, and most summaries are flat.
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
    if (Array.isArray(value)) return this.#items(value, key, depth);
    const kind = kindOf(value);
    if (kind === 'bytes') return `[${(value as ArrayBuffer).byteLength} bytes]`;
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#json(toJSON.call(value, key), value, key, depth);
    if (kind === 'plain') return this.#properties(value, key, depth);
    if (kind === 'boxed') return this.copy(value.valueOf(), key, depth);
    if (kind === 'map') return this.#entries(value as Iterable<readonly [unknown, unknown]>, key, depth);
    if (kind === 'set') return this.#items(value as Iterable<unknown>, key, depth);
    if (kind === 'regexp') return this.#text(String(value), key);
    if (isErrorLike(value)) return this.#properties(errorFacts(value), key, depth);
    const names = Object.keys(value);
    return names.length === 0 ? this.#word(value, key) : this.#properties(value, key, depth);
  }

  /** An invalid date gives null. */
  #json(given: unknown, value: object, key: string, depth: number): unknown {
    return given === null && value instanceof Date ? '[invalid date]' : this.copy(given, key, depth);
  }

  #properties(value: object, key: string, depth: number): unknown {
    const copy: Record<string, unknown> = {};
    const names = Object.keys(value);
    const hidden = names.length > 1 && this.#hiddenByName(value, names);
    for (const name of names) {
      if (this.#full) break;
      this.#put(copy, name, key, hidden && VALUED.test(name) ? REDACTED : this.#property(value, name, depth));
    }
    return copy;
  }

  /** Whether it is `{ name: 'authorization', value: '…' }`. */
  #hiddenByName(value: object, names: readonly string[]): boolean {
    for (const naming of names) {
      if (naming.length > 9 || !NAMING.test(naming)) continue;
      const name = this.#read(value, naming);
      if (typeof name === 'string' && this.#redactor.names.grade(name) === 'secret') return true;
    }
    return false;
  }

  /** Entries of a Map, of headers, of a query or of a form: as an object, or as pairs when the keys are not strings. */
  #entries(given: Iterable<readonly [unknown, unknown]>, key: string, depth: number): object {
    const entries: (readonly [unknown, unknown])[] = [];
    for (const entry of given) {
      if (entries.length >= this.#nodesLeft) break;
      entries.push(entry);
    }
    if (entries.some(([name]) => typeof name === 'object' || typeof name === 'function')) {
      return this.#items(entries, key, depth);
    }
    const byName = new Map<string, unknown[]>();
    for (const [name, member] of entries) {
      const values = byName.get(String(name));
      if (values) values.push(member);
      else byName.set(String(name), [member]);
    }
    const copy: Record<string, unknown> = {};
    for (const [name, values] of byName) {
      if (this.#full) break;
      const member = values.length === 1 ? values[0] : values;
      this.#put(copy, name, key, this.#named(name, member, depth));
    }
    return copy;
  }

  #items(items: Iterable<unknown>, key: string, depth: number): unknown[] {
    const copy: unknown[] = [];
    const { names } = this.#redactor;
    let before: unknown;
    const isTwo = Array.isArray(items) && items.length === 2;
    for (const item of items) {
      if (this.#full) break;
      const hides =
        typeof before === 'string' &&
        precedesSecret(names, before, item, { list: key, isPair: isTwo && copy.length === 1 });
      copy.push(hides ? REDACTED : (this.copy(item, key, depth) ?? null));
      before = item;
    }
    return copy;
  }

  #property(value: object, name: string, depth: number): unknown {
    try {
      return this.#named(name, (value as Record<string, unknown>)[name], depth);
    } catch {
      return '[unreadable]';
    }
  }

  #read(value: object, name: string): unknown {
    try {
      return (value as Record<string, unknown>)[name];
    } catch {
      return undefined;
    }
  }

  #named(name: string, member: unknown, depth: number): unknown {
    if (this.#redactor.hides(name, member)) return REDACTED;
    if (typeof member !== 'object' || member === null || !this.#redactor.names.isPlural(name)) {
      return this.copy(member, name, depth);
    }
    const before = this.#plural;
    this.#plural = name;
    try {
      return this.copy(member, name, depth);
    } finally {
      this.#plural = before;
    }
  }

  #put(copy: Record<string, unknown>, name: string, key: string, member: unknown): void {
    if (member === undefined) return;
    const safe = this.#redactor.name(foreshorten(name, this.#maxBytes), key) ?? REDACTED;
    this.#bytesLeft -= safe.length;
    if (safe === '__proto__') Object.defineProperty(copy, safe, { value: member, enumerable: true });
    else copy[safe] = member;
  }
}
