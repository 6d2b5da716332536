const FEW = 16;

/** A Map, and a plain list while there are few: a small Map pays for nearly every `delete` with a new table. */
export class ById<T> {
  private ids: string[] = [];
  private values: T[] = [];
  private many: Map<string, T> | undefined;
  /** Goes through the Map as its oldest are deleted: each new look from its beginning would pass all that is gone. */
  private ages: Iterator<string> | undefined;
  private eldest: string | undefined;

  get size(): number {
    return this.many ? this.many.size : this.ids.length;
  }

  get oldest(): string | undefined {
    if (!this.many) return this.ids[0];
    this.ages ??= this.many.keys();
    this.eldest ??= this.ages.next().value as string | undefined;
    return this.eldest;
  }

  get(id: string): T | undefined {
    return this.many ? this.many.get(id) : this.values[this.ids.indexOf(id)];
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  set(id: string, value: T): void {
    if (!this.many && this.ids.length >= FEW) {
      this.many = new Map(this.ids.map((known, index) => [known, this.values[index] as T]));
      this.ids = [];
      this.values = [];
    }
    if (this.many) {
      this.many.set(id, value);
      return;
    }
    const index = this.ids.indexOf(id);
    if (index >= 0) {
      this.values[index] = value;
      return;
    }
    this.ids.push(id);
    this.values.push(value);
  }

  clear(): void {
    this.ids = [];
    this.values = [];
    this.many = undefined;
    this.ages = undefined;
    this.eldest = undefined;
  }

  delete(id: string): boolean {
    if (this.many) {
      const known = this.many.delete(id);
      if (id === this.eldest) this.eldest = undefined;
      if (this.many.size === 0) this.clear();
      return known;
    }
    const index = this.ids.lastIndexOf(id);
    if (index < 0) return false;
    if (index === this.ids.length - 1) {
      // What began last mostly ends first, and `splice` makes an array of what it takes out.
      this.ids.pop();
      this.values.pop();
    } else {
      this.ids.splice(index, 1);
      this.values.splice(index, 1);
    }
    return true;
  }
}
