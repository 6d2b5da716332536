/** A piece of a text: a JSON value, or what is none. */
export interface JsonPiece {
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** `undefined` where the piece is not JSON. */
  readonly value: unknown;
  /** The piece as it stands there. */
  readonly text: string;
  /** It is all that there is. */
  readonly isWhole?: true;
}

/** Between values: spaces, the mark of a byte order, and commas of a cut list. */
const BETWEEN = /[\s,]*/y;
/** Inside a value that is printed over several lines, each line is indented or closes something. */
const NEXT_LINE = /\n(?=[^\s}\]])/g;
/** What a value can begin with: to try and fail is dear. */
const VALUE = /[{["\dtfn-]/;
const OPENING = /[{[]/;
const BEGINS = /[^\s}\]]/;
const STRUCTURE = /["{}[\]\nNI]/g;
const IN_STRING = /["\\\n]/g;
/** JSON has no words for these, but Python writes them. */
const NUMBER_WORD = /-?(?:NaN|Infinity)/y;

/**
 * The JSON values of a text, whether it is one of them, has one per line, or one after the other over as many lines as each
 * takes. A value that is broken ends where the next line begins a value, and costs no other. Each character is looked at a
 * few times at most, whatever stands there.
 */
export function* jsonPieces(text: string): Generator<JsonPiece, void, undefined> {
  const whole = parse(text);
  const start = after(BETWEEN, text, 0);
  if (whole !== undefined) {
    yield { line: linesIn(text, 0, start) + 1, value: whole, text, isWhole: true };
    return;
  }
  // Of a list on several lines that is cut off or broken, each item is a piece of its own.
  const openLists: number[] = [];
  let line = 1;
  let counted = 0;
  for (let at = start; at < text.length; ) {
    line += linesIn(text, counted, at);
    counted = at;
    const { end, value } = pieceAt(text, at);
    const piece = text.slice(at, end).trim();
    if (value === undefined && piece === '[') openLists.push(line);
    else if (value === undefined && piece === ']') openLists.pop();
    else yield { line, value, text: piece };
    at = after(BETWEEN, text, end);
  }
  if (openLists[0] !== undefined) yield { line: openLists[0], value: undefined, text: '[' };
}

function pieceAt(text: string, start: number): { end: number; value: unknown } {
  const lineEnd = after(/[^\n]*/y, text, start);
  if (!VALUE.test(text.charAt(start))) return { end: lineEnd, value: undefined };
  const line = text.slice(start, lineEnd).trimEnd();
  if (line === '[') return { end: lineEnd, value: undefined };
  const value = parse(line);
  if (value !== undefined || !OPENING.test(text.charAt(start))) return { end: lineEnd, value };
  const { end, isClosed, words } = endOfValue(text, start);
  if (isClosed) return { end, value: parse(withoutWords(text, start, end, words)) };
  NEXT_LINE.lastIndex = start;
  return { end: NEXT_LINE.exec(text)?.index ?? text.length, value: undefined };
}

interface Value {
  readonly end: number;
  readonly isClosed: boolean;
  /** Where words stand that are no JSON, as start and end. */
  readonly words: readonly (readonly [start: number, end: number])[];
}

/** Where the brackets of a value are closed; or where it is plain that they never will be. */
function endOfValue(text: string, start: number): Value {
  const words: [number, number][] = [];
  let depth = 0;
  STRUCTURE.lastIndex = start;
  for (let match = STRUCTURE.exec(text); match !== null; match = STRUCTURE.exec(text)) {
    const { index } = match;
    const character = match[0];
    if (character === '"') {
      const end = endOfString(text, index + 1);
      if (end < 0) return { end: index, isClosed: false, words };
      STRUCTURE.lastIndex = end;
    } else if (character === '{' || character === '[') {
      depth++;
    } else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return { end: index + 1, isClosed: true, words };
    } else if (character === '\n') {
      if (BEGINS.test(text.charAt(index + 1))) break;
    } else {
      const from = text[index - 1] === '-' ? index - 1 : index;
      const end = after(NUMBER_WORD, text, from);
      if (end > from) {
        words.push([from, end]);
        STRUCTURE.lastIndex = end;
      }
    }
  }
  return { end: text.length, isClosed: false, words };
}

/** Behind its closing quote; negative where the line ends before. */
function endOfString(text: string, start: number): number {
  IN_STRING.lastIndex = start;
  for (let match = IN_STRING.exec(text); match !== null; match = IN_STRING.exec(text)) {
    if (match[0] === '"') return match.index + 1;
    if (match[0] === '\n') return -1;
    IN_STRING.lastIndex = match.index + 2;
  }
  return -1;
}

/** The words as texts, which is how OTLP/JSON itself writes such numbers. */
function withoutWords(text: string, start: number, end: number, words: Value['words']): string {
  if (words.length === 0) return text.slice(start, end);
  const parts: string[] = [];
  let from = start;
  for (const [first, last] of words) {
    parts.push(text.slice(from, first), `"${text.slice(first, last)}"`);
    from = last;
  }
  return parts.join('') + text.slice(from, end);
}

function after(sticky: RegExp, text: string, start: number): number {
  sticky.lastIndex = start;
  return sticky.test(text) ? sticky.lastIndex : start;
}

function linesIn(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
