/**
 * Tempo silently cuts strings at 2,048 bytes, and a cut JSON string is broken. Cutting earlier, at a character boundary
 * and with a mark, keeps the text readable and shows that it was cut.
 */
export const DEFAULT_ATTRIBUTE_BYTES = 2_000;

/** Only 2,000 bytes leave the process, so there is no need to read much longer texts in full. */
const MAX_READ = 64_000;
/** Space for a secret that the cut might split. */
const LONGEST_SECRET = 4_000;

const encoder = new TextEncoder();
const MARK_BYTES = 32;

/** Cuts the text to at most `maxBytes` of UTF-8. A cut text ends in `… [cut, 5321 bytes]`. */
export function clip(text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most three bytes, so most texts need no counting.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, maxBytes - MARK_BYTES)));
  return `${text.slice(0, read)}… [cut, ${bytes.length} bytes]`;
}

/** Characters that occur in secrets. A text may be cut at any other character. */
const IN_SECRETS = /[\w\-.~+/=%@:!$*#?&]/;

/**
 * Shortens a long text before it is redacted, when `maxBytes` of it are kept in the end. It leaves far more than that,
 * and cuts at a space or another boundary, so that no secret is split into a half that looks harmless.
 */
export function foreshorten(text: string, maxBytes: number): string {
  const most = maxBytes + MAX_READ;
  if (text.length <= most) return text;
  for (let index = most; index > most - LONGEST_SECRET; index--) {
    if (!IN_SECRETS.test(text[index] as string)) return text.slice(0, index);
  }
  // A run this long is not a secret, but it may be a URL, which can be cut between its parts.
  for (let index = most - LONGEST_SECRET; index > most - 2 * LONGEST_SECRET; index--) {
    if ('=&?:@'.includes(text[index] as string)) return text.slice(0, index);
  }
  return text.slice(0, most - LONGEST_SECRET);
}
