/** A text without one layer of escapes, and where each of its characters stood in the text that was given. */
export interface Layer {
  readonly text: string;
  /** Where the character at `index` began; for `text.length`, where the text ended. */
  at(index: number): number;
}

/** JSON in JSON in JSON, a query in a query: each layer doubles the escapes, so that more are not met. */
const MAX_LAYERS = 20;

/** As `RegExp` reads it, because a control character in a pattern is mostly a mistake. */
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

/** Whether there is something to take off. */
export function isEscaped(text: string): boolean {
  return HAS_ESCAPES.test(text);
}

/**
 * The text as it is, then without its escapes (of strings, of addresses, of HTML, for colours), then without the escapes
 * that were inside these, and so on: a secret is as visible in one of them as it is to whoever decodes the text.
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
  const starts = new Int32Array(text.length + 1);
  let plain = '';
  let last = 0;
  const keep = (until: number): void => {
    for (let index = last; index < until; index++) starts[plain.length + index - last] = outer.at(index);
    plain += text.slice(last, until);
  };
  for (const match of text.matchAll(ESCAPES)) {
    keep(match.index);
    const decoded = decode(match[0]);
    for (let index = 0; index < decoded.length; index++) starts[plain.length + index] = outer.at(match.index);
    plain += decoded;
    last = match.index + match[0].length;
  }
  keep(text.length);
  starts[plain.length] = outer.at(text.length);
  return { text: plain, at: (index) => starts[index] as number };
}

function decode(given: string): string {
  const first = given[0];
  if (first === '%') return character(Number.parseInt(given.slice(1), 16), 0x7f);
  if (first === '&') return entity(given.slice(1, -1).toLowerCase());
  // A colour is a border between words.
  if (first !== '\\') return ' ';
  const kind = given[1] as string;
  if (given.length > 2) return character(Number.parseInt(given.replace(/^\\[ux]\{?/i, ''), 16), 0x10ffff);
  return CONTROL[kind] ?? kind;
}

function entity(name: string): string {
  if (!name.startsWith('#')) return ENTITIES[name] ?? ' ';
  return character(name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)), 0x10ffff);
}

/** What is beyond `most` is a part of a character, which no secret needs. */
function character(code: number, most: number): string {
  return code <= most ? String.fromCodePoint(code) : '\ufffd';
}
