/**
 * What a terminal would obey instead of print: control characters (an escape sequence begins with one), marks that turn
 * the direction of writing, invisible characters, halves of surrogate pairs.
 */
export const UNPRINTABLE: RegExp =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}]|[\u{e0000}-\u{e0fff}]/gu;

/** All spaces in a row at once: a pattern that looks for the line break among them would start again at each. */
const SPACES = /[\s\u0085]+/g;
const BREAK = /[\r\n\t\v\f\u0085\u2028\u2029]/;

function oneSpace(spaces: string): string {
  return BREAK.test(spaces) ? ' ' : spaces;
}

/**
 * A text from a span as it may be shown on one line of a terminal: line breaks and tabs become a space, everything that
 * could move the cursor, change colours or hide text becomes its escape, `\x1b`.
 */
export function printable(text: string): string {
  return text.replace(SPACES, oneSpace).replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
  });
}

const ZERO_WIDTH = /^(?:\p{Mn}|\p{Me}|[\u1160-\u11ff]|\u200c|\u200d)$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$|^\p{Emoji_Presentation}$/u;

/** Columns that one code point takes. Where terminals differ, the larger number: too narrow a line harms nobody. */
export function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  // It makes an emoji of the character before it, which some terminals then draw in two columns.
  if (character === '\ufe0f') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that a printable text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}
