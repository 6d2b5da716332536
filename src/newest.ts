/** So many of a kind are kept in one process, where nothing else is said. */
export const MOST_KEPT = 10_000;

interface Entry<T> {
  readonly id: string;
  value: T;
  older: Entry<T> | undefined;
  newer: Entry<T> | undefined;
}

/**
 * A map that keeps the newest: beyond its bound, what was put in first gives way. The order has links of its own: what is
 * deleted leaves gaps in a Map, and whoever asks it for its first key walks over them.
 */
export class Newest<T> {
  /** How many it keeps. */
  limit: number;
  readonly #byId: Map<string, Entry<T>> = new Map();
  #oldest: Entry<T> | undefined;
  #newest: Entry<T> | undefined;

  constructor(limit: number = MOST_KEPT) {
    this.limit = limit;
  }

  get size(): number {
    return this.#byId.size;
  }

  get oldest(): string | undefined {
    return this.#oldest?.id;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id)?.value;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** True when another one gave way. An id that is there already keeps its turn. */
  set(id: string, value: T): boolean {
    const known = this.#byId.get(id);
    if (known) {
      known.value = value;
      return false;
    }
    const first = this.#byId.size >= this.limit ? this.#oldest : undefined;
    if (first) this.delete(first.id);
    const entry: Entry<T> = { id, value, older: this.#newest, newer: undefined };
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#byId.set(id, entry);
    return first !== undefined;
  }

  delete(id: string): boolean {
    const entry = this.#byId.get(id);
    if (!entry) return false;
    const { older, newer } = entry;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    return this.#byId.delete(id);
  }

  clear(): void {
    this.#byId.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }
}
