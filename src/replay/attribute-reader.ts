import { ATTR_METADATA_DROPPED, PREFIX_METADATA } from '../attributes.ts';
import type { RecordedAttributes } from './span.ts';

// Values arrive as backends keep them: some make every value a text, some make lists JSON. Each reader takes what can be
// meant by it and has `undefined` for the rest; none throws.

/** A text that says something; other values as they print. */
export function readText(attributes: RecordedAttributes, key: string): string | undefined {
  const value = attributes[key];
  if (value === undefined || value === null || value === '') return undefined;
  return valueText(value);
}

export function readNumber(attributes: RecordedAttributes, key: string): number | undefined {
  const value = attributes[key];
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const number = value === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : undefined;
}

export function readFlag(attributes: RecordedAttributes, key: string): boolean | undefined {
  const value = attributes[key];
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : undefined;
}

export function readTexts(attributes: RecordedAttributes, key: string): string[] {
  const value = attributes[key];
  const list = typeof value === 'string' && value.startsWith('[') ? parseList(value) : value;
  if (Array.isArray(list)) return list.map(valueText);
  const text = readText(attributes, key);
  return text === undefined ? [] : [text];
}

/** The entries whose keys begin with a prefix, under the rest of their keys. */
export function readPrefixed(attributes: RecordedAttributes, prefix: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) =>
      key.length > prefix.length && key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  );
}

export function readMetadata(attributes: RecordedAttributes): {
  metadata: Record<string, unknown>;
  metadataDropped: number | undefined;
} {
  return {
    metadata: readPrefixed(attributes, PREFIX_METADATA),
    metadataDropped: readNumber(attributes, ATTR_METADATA_DROPPED),
  };
}

/** Any value as a text: what is no primitive as JSON. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // A cycle or a bigint, which no wire format brings, but a span in memory may.
    return '[unreadable]';
  }
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
