const MAX_CHARACTERS = 40;
const MAX_DEPTH = 3;
const MAX_ITEMS = 8;

/** A value as it may stand in a message: short, whatever it is. */
export function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : brief(value, 0);
  if (text.length <= MAX_CHARACTERS) return text === '' ? 'an empty text' : text;
  return `${text.slice(0, MAX_CHARACTERS - 1)}…`;
}

/** The beginning of its JSON. */
function brief(value: unknown, depth: number): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_CHARACTERS));
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    if (depth >= MAX_DEPTH) return '[…]';
    return `[${value
      .slice(0, MAX_ITEMS)
      .map((item) => brief(item, depth + 1))
      .join(',')}]`;
  }
  if (depth >= MAX_DEPTH) return '{…}';
  const fields = Object.entries(value).slice(0, MAX_ITEMS);
  return `{${fields.map(([key, item]) => `${JSON.stringify(key.slice(0, MAX_CHARACTERS))}:${brief(item, depth + 1)}`).join(',')}}`;
}
