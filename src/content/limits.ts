/**
 * Tempo cuts strings at 2,048 bytes without a word, and a cut JSON string is broken. Cutting earlier, at a character
 * border and with a mark, keeps it readable and says what happened.
 */
export const DEFAULT_ATTRIBUTE_BYTES = 2_000;

/** Nobody needs to read a book for the 2,000 bytes of it that leave the process. */
const MAX_READ = 64_000;
/** Room for a secret that the cut might split. */
const LONGEST_SECRET = 4_000;

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

/** What a secret is made of; between two of the others one may be cut. */
const IN_SECRETS = /[\w\-.~+/=%@:!$*#?&]/;

/**
 * The part of a long text that is worth reading when `maxBytes` of it are kept: far more than that, and cut at a space or
 * another border, so that no secret is split and half of it passes for a harmless word.
 */
export function foreshorten(text: string, maxBytes: number): string {
  const most = maxBytes + MAX_READ;
  if (text.length <= most) return text;
  for (let index = most; index > most - LONGEST_SECRET; index--) {
    if (!IN_SECRETS.test(text[index] as string)) return text.slice(0, index);
  }
  // No border for so long: no secret, but perhaps an address, which has parts.
  for (let index = most - LONGEST_SECRET; index > most - 2 * LONGEST_SECRET; index--) {
    if ('=&?:@'.includes(text[index] as string)) return text.slice(0, index);
  }
  return text.slice(0, most - LONGEST_SECRET);
}
