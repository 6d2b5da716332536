import { eachMatch } from './each-match.ts';

/** A text without one layer of escapes, with the position of each character in the original text. */
export interface Layer {
  readonly text: string;
  /** Original position of the character at `index`; for `text.length`, the original length. */
  at(index: number): number;
}

/** Each layer of JSON in JSON, or of a query in a query, doubles the escapes, so deeper texts do not occur. */
const MAX_LAYERS = 20;

/** As a string for `RegExp`, because a control character in a regular expression literal is usually a mistake. */
const ESC = '[\\u001b\\u009b]';
const ESCAPES = new RegExp(
  `\\\\(?:u[0-9a-f]{4}|u\\{[0-9a-f]{1,6}\\}|x[0-9a-f]{2}|[^])|%[0-9a-f]{2}|&(?:#\\d{1,6}|#x[0-9a-f]{1,5}|amp|quot|apos|lt|gt|nbsp|colon|equals|sol|commat);|${ESC}\\[?[0-9;:]*[A-Za-z]`,
  'gi',
);
const HAS_ESCAPES = new RegExp(`\\\\|%[0-9a-f]{2}|&#?\\w{2,6};|${ESC}`, 'i');

const CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', 0: '\0' };
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  nbsp: ' ',
  colon: ':',
  equals: '=',
  sol: '/',
  commat: '@',
};

/** Whether the text has escapes to remove. */
function isEscaped(text: string): boolean {
  return HAS_ESCAPES.test(text);
}

/**
 * The text itself, then the text without its escapes (of strings, URLs, HTML and colours), then without the escapes
 * inside those, and so on. A secret that a decoder of the text would see is visible in one of the layers.
 */
export function* layersOf(given: string): Generator<Layer> {
  let layer: Layer = { text: given, at: (index) => index };
  yield layer;
  for (let depth = 0; depth < MAX_LAYERS && isEscaped(layer.text); depth++) {
    const next = peel(layer);
    if (next.text.length === layer.text.length) return;
    yield next;
    layer = next;
  }
}

function peel(outer: Layer): Layer {
  const { text } = outer;
  // Start of each piece in the plain text, and in the outer text.
  const plainStarts: number[] = [0];
  const outerStarts: number[] = [0];
  let plain = '';
  let last = 0;
  eachMatch(ESCAPES, text, ({ 0: escaped, index }) => {
    plain += text.slice(last, index);
    plainStarts.push(plain.length);
    outerStarts.push(index);
    plain += decode(escaped);
    last = index + escaped.length;
    plainStarts.push(plain.length);
    outerStarts.push(last);
  });
  plain += text.slice(last);
  return { text: plain, at: (index) => outer.at(outerIndex(plainStarts, outerStarts, index)) };
}

function outerIndex(plainStarts: readonly number[], outerStarts: readonly number[], index: number): number {
  let low = 0;
  let high = plainStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((plainStarts[middle] as number) <= index) low = middle;
    else high = middle - 1;
  }
  // An escape sequence is replaced as a whole.
  const isEscape = low % 2 === 1;
  return (outerStarts[low] as number) + (isEscape ? 0 : index - (plainStarts[low] as number));
}

function decode(given: string): string {
  const first = given[0];
  if (first === '%') return character(Number.parseInt(given.slice(1), 16), 0x7f);
  if (first === '&') return entity(given.slice(1, -1).toLowerCase());
  // A colour code separates words.
  if (first !== '\\') return ' ';
  const kind = given[1] as string;
  if (given.length > 2) return character(Number.parseInt(given.replace(/^\\[ux]\{?/i, ''), 16), 0x10ffff);
  return CONTROL[kind] ?? kind;
}

function entity(name: string): string {
  if (!name.startsWith('#')) return ENTITIES[name] ?? ' ';
  return character(name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)), 0x10ffff);
}

/** A code beyond `most` is only part of a character, which no secret needs. */
function character(code: number, most: number): string {
  return code <= most ? String.fromCodePoint(code) : '\ufffd';
}
