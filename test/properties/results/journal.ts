/** What an app sees while it uses a result, line by line: two programs behave alike when their journals are equal. */
export class Journal {
  readonly lines: string[] = [];
  readonly #names = new Map<unknown, string>();

  /** From then on the object is shown by its name and never looked into. */
  name<T>(object: T, name: string): T {
    this.#names.set(object, name);
    return object;
  }

  say(...parts: readonly unknown[]): void {
    this.lines.push(parts.map((part) => (typeof part === 'string' ? part : this.show(part))).join(' '));
  }

  show(value: unknown, depth = 0): string {
    const name = this.#names.get(value);
    if (name !== undefined) return `<${name}>`;
    if (typeof value === 'string') return `'${value}'`;
    if (typeof value === 'function') return `function ${value.name}`;
    if (typeof value !== 'object' || value === null) return String(value);
    if (value instanceof Error || 'stack' in value) return String(value);
    if (ArrayBuffer.isView(value)) return `bytes ${String(value)}`;
    if (depth > 3) return '…';
    const fields = Object.entries(value).map(([key, field]) => `${key}: ${this.show(field, depth + 1)}`);
    return Array.isArray(value) ? `[${fields.join(', ')}]` : `{${fields.join(', ')}}`;
  }
}
