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
 * A text of somebody else as it may be shown on one line of a terminal: line breaks and tabs become a space, everything that
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
