import { eastAsianWidth } from 'get-east-asian-width';

/** Parameters of one SGR escape sequence: `1;36` is bold cyan. Empty: as the terminal writes. */
export type Style = string;

export const PLAIN: Style = '';
export const BOLD: Style = '1';
export const DIM: Style = '2';
export const RED: Style = '31';
export const GREEN: Style = '32';
export const YELLOW: Style = '33';

/** A piece of a line in one style. Its text is printable. */
export interface Fragment {
  readonly text: string;
  readonly style: Style;
  /** It stands between others: a line may break here, and then it is left out. */
  readonly isGap?: true | undefined;
}

export type StyledText = readonly Fragment[];

/** A space at which no line breaks, unless it is too short for what the space holds together. Printed as a space. */
export const HARD_SPACE = '\u00a0';

const ESCAPE = '\u001b[';

/** As a string of a terminal: with colours, or the same without. */
export function paint(text: StyledText, color: boolean): string {
  const pieces: Fragment[] = [];
  for (const { text: piece, style } of text) {
    const last = pieces.at(-1);
    if (last?.style === style) pieces[pieces.length - 1] = { text: last.text + piece, style };
    else if (piece !== '') pieces.push({ text: piece, style });
  }
  return pieces
    .map(({ text: piece, style }) => {
      const printed = piece.replaceAll(HARD_SPACE, ' ');
      return color && style !== PLAIN ? `${ESCAPE}${style}m${printed}${ESCAPE}0m` : printed;
    })
    .join('');
}

/** Columns that a printable text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

export function widthOf(text: StyledText): number {
  return text.reduce((sum, { text: piece }) => sum + displayWidth(piece), 0);
}

/** They stand on the letter before them, or join it to the next one. */
const ZERO_WIDTH = /^(?:\p{Mn}|\p{Me}|[\u1160-\u11ff]|\u200c|\u200d)$/u;

/** Columns that one code point takes. Where terminals differ, the larger number: too narrow a line harms nobody. */
function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  // It makes an emoji of the character before it, which some terminals then draw in two columns.
  if (character === '\ufe0f') return 1;
  return ZERO_WIDTH.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}

export interface WrapOptions {
  readonly width: number;
  /** Of the first line, where it differs. */
  readonly firstWidth?: number | undefined;
  readonly maxLines: number;
}

/** Lines of a limited width, broken at spaces, inside a word only where it is longer than a line. */
export function wrap(text: StyledText, { width, firstWidth = width, maxLines }: WrapOptions): StyledText[] {
  const lines = new Lines(Math.max(1, firstWidth), Math.max(1, width));
  for (const word of words(text)) lines.add(word);
  const { all } = lines;
  if (all.length <= maxLines) return all;
  return [...all.slice(0, maxLines - 1), cut([...(all[maxLines - 1] ?? []), MARK], lines.limit(maxLines - 1))];
}

/** On one line: what does not fit is cut, and a mark says so. */
function cut(text: StyledText, width: number): StyledText {
  if (widthOf(text) <= width) return text;
  const kept: Fragment[] = [];
  let left = width - 1;
  for (const { text: piece, style } of text) {
    const end = fittingLength(piece, left);
    kept.push({ text: piece.slice(0, end), style });
    left -= displayWidth(piece.slice(0, end));
    if (end < piece.length) break;
  }
  return [...kept, MARK];
}

const MARK: Fragment = { text: '…', style: DIM };

/** What stands between two gaps, in pieces of one style each, and the gap before it. */
interface Word {
  readonly gap: Fragment;
  readonly pieces: Fragment[];
}

function words(text: StyledText): Word[] {
  const all: Word[] = [];
  let gap: Fragment | undefined = NO_GAP;
  for (const { text: piece, style, isGap } of text) {
    for (const part of isGap ? [piece] : (piece.match(/ +|[^ ]+/g) ?? [])) {
      if (isGap || part.startsWith(' ')) {
        gap = { text: (gap?.text ?? '') + part, style };
      } else if (gap === undefined) {
        all.at(-1)?.pieces.push({ text: part, style });
      } else {
        all.push({ gap, pieces: [{ text: part, style }] });
        gap = undefined;
      }
    }
  }
  return all;
}

const NO_GAP: Fragment = { text: '', style: PLAIN };

class Lines {
  readonly all: Fragment[][] = [[]];
  readonly #firstLimit: number;
  readonly #limit: number;
  #used = 0;

  constructor(firstLimit: number, limit: number) {
    this.#firstLimit = firstLimit;
    this.#limit = limit;
  }

  limit(line: number): number {
    return line === 0 ? this.#firstLimit : this.#limit;
  }

  add({ gap, pieces }: Word): void {
    const width = displayWidth(gap.text) + widthOf(pieces);
    if (this.#used > 0 && this.#used + width > this.limit(this.all.length - 1)) this.#break();
    if (this.#used > 0) this.#put(gap);
    for (const { text, style } of pieces) this.#fill(text, style);
  }

  /** Broken up only where it is longer than a line. */
  #fill(text: string, style: Style): void {
    let rest = text;
    while (rest !== '') {
      const room = this.limit(this.all.length - 1) - this.#used;
      const end = fittingLength(rest, room);
      const space = end < rest.length ? rest.lastIndexOf(HARD_SPACE, end) : -1;
      if (space > 0) {
        this.#put({ text: rest.slice(0, space), style });
        rest = rest.slice(space + 1);
      } else if (end > 0) {
        this.#put({ text: rest.slice(0, end), style });
        rest = rest.slice(end);
      } else if (this.#used === 0) {
        // A character of two columns on a line of one.
        this.#put(MARK);
        rest = rest.slice((rest.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
      }
      if (rest !== '') this.#break();
    }
  }

  #put(fragment: Fragment): void {
    this.all.at(-1)?.push(fragment);
    this.#used += displayWidth(fragment.text);
  }

  #break(): void {
    this.all.push([]);
    this.#used = 0;
  }
}

/** How much of a text fits, in UTF-16 units: a mark stays with the letter that it stands on. */
function fittingLength(text: string, width: number): number {
  let end = 0;
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width) return end;
    end += character.length;
  }
  return end;
}
