/**
 * Tempo cuts strings at 2,048 bytes without a word, and a cut JSON string is broken. Cutting earlier, at a character
 * border and with a mark, keeps it readable and says what happened.
 */
export const DEFAULT_ATTRIBUTE_BYTES = 2_000;

const encoder = new TextEncoder();
const MARK_BYTES = 32;

/** The text, at most `maxBytes` of UTF-8 long; what was longer ends in `… [cut, 5321 bytes]`. */
export function clip(text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most three bytes: most texts need no counting.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, maxBytes - MARK_BYTES)));
  return `${text.slice(0, read)}… [cut, ${bytes.length} bytes]`;
}
