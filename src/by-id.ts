/** So many of a kind are kept in one process, where nothing else is said. */
export const MOST_KEPT = 10_000;

/** So few are looked through; a Map that small pays for nearly every `delete` with a new table, 3 % of a pipeline's time. */
const FEW = 16;

interface Entry<T> {
  readonly id: string;
  value: T;
  older: Entry<T> | undefined;
  newer: Entry<T> | undefined;
}

/**
 * A map that keeps the newest: beyond its limit, what was put in first gives way. All in constant time. The order has links of
 * its own, because what is deleted leaves gaps in a Map, and whoever asks for its first key walks over them.
 */
export class ById<T> {
  /** How many it keeps. */
  limit: number;
  size = 0;
  private first: Entry<T> | undefined;
  private last: Entry<T> | undefined;
  /** Once there are many. */
  private many: Map<string, Entry<T>> | undefined;

  constructor(limit: number = MOST_KEPT) {
    this.limit = limit;
  }

  /** The id that was put in first, of those that are there. */
  get oldest(): string | undefined {
    return this.first?.id;
  }

  get(id: string): T | undefined {
    return this.entry(id)?.value;
  }

  has(id: string): boolean {
    return this.entry(id) !== undefined;
  }

  /** True when another one gave way. An id that is there already keeps its turn. */
  set(id: string, value: T): boolean {
    const known = this.entry(id);
    if (known) {
      known.value = value;
      return false;
    }
    const isFull = this.size >= this.limit && this.first !== undefined;
    if (isFull) this.remove(this.first as Entry<T>);
    const { last } = this;
    const entry: Entry<T> = { id, value, older: last, newer: undefined };
    if (last) last.newer = entry;
    else this.first = entry;
    this.last = entry;
    this.size++;
    if (this.many) this.many.set(id, entry);
    else if (this.size > FEW) this.many = new Map(this.entries());
    return isFull;
  }

  delete(id: string): boolean {
    const entry = this.entry(id);
    if (entry) this.remove(entry);
    return entry !== undefined;
  }

  clear(): void {
    this.first = undefined;
    this.last = undefined;
    this.many = undefined;
    this.size = 0;
  }

  private entry(id: string): Entry<T> | undefined {
    if (this.many) return this.many.get(id);
    let entry = this.last;
    while (entry && entry.id !== id) entry = entry.older;
    return entry;
  }

  private remove({ id, older, newer }: Entry<T>): void {
    if (older) older.newer = newer;
    else this.first = newer;
    if (newer) newer.older = older;
    else this.last = older;
    this.size--;
    this.many?.delete(id);
    if (this.size === 0) this.many = undefined;
  }

  private *entries(): Iterable<[string, Entry<T>]> {
    for (let entry = this.first; entry; entry = entry.newer) yield [entry.id, entry];
  }
}
