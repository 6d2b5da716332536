export { printable, UNPRINTABLE } from '../../printable.ts';

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
