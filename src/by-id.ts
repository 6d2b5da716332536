/** Default limit of entries per map in one process. */
export const MOST_KEPT = 10_000;

/**
 * Up to this many entries are searched one by one. A Map this small builds a new table on nearly every `delete`, which
 * costs 3 % of a pipeline's time.
 */
const FEW = 16;

interface Entry<T> {
  readonly id: string;
  value: T;
  older: Entry<T> | undefined;
  newer: Entry<T> | undefined;
}

/**
 * A map that keeps the newest entries: beyond its limit, it evicts the oldest. All operations but `clear` of the index
 * take constant time.
 * It has its own linked list for the order: deleted entries leave gaps in a Map, and reading its first key walks over
 * them.
 */
export class ById<T> {
  /** Maximum number of entries. */
  limit: number;
  size = 0;
  private first: Entry<T> | undefined;
  private last: Entry<T> | undefined;
  /** Index by id, used once there are more than `FEW` entries. */
  private many: Map<string, Entry<T>> | undefined;

  constructor(limit: number = MOST_KEPT) {
    this.limit = limit;
  }

  /** Id of the oldest entry. */
  get oldest(): string | undefined {
    return this.first?.id;
  }

  get(id: string): T | undefined {
    return this.entry(id)?.value;
  }

  has(id: string): boolean {
    return this.entry(id) !== undefined;
  }

  /** Returns true when another entry was evicted. Setting an id that exists keeps its position in the order. */
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
