/**
 * Finds the end of a value that is assigned in a text: in JSON, YAML, settings, queries, connection strings, code and
 * prose.
 */

const SPACE = /\s/;
const QUOTES = '"\'`';
/** The bracket that closes a block. */
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };
/** The next name. If it follows a separator, the separator is not part of the value. */
const NEXT_NAME = /^[\w.$[\]"'-]{1,40}\s?[=:]/;

export function isQuote(character: string | undefined): boolean {
  return character !== undefined && QUOTES.includes(character);
}

export function isSpace(character: string | undefined): boolean {
  return character !== undefined && SPACE.test(character);
}

/** The index of the closing quote. Without one, the end of the line (for `'`) or of the text. */
export function endOfQuoted(text: string, open: number): number {
  const quote = text[open];
  for (let at = open + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === quote) return at;
    // A single quote without a partner on its line is an apostrophe.
    else if (character === '\n' && quote === "'") return at;
  }
  return text.length;
}

/** The index after the bracket that closes the one at `open`; `undefined` if none does. */
export function endOfBlock(text: string, open: number): number | undefined {
  const stack: string[] = [];
  for (let at = open; at < text.length; at++) {
    const character = text[at] as string;
    if (isQuote(character)) at = endOfQuoted(text, at);
    else if (CLOSING[character]) stack.push(CLOSING[character]);
    else if (character === stack.at(-1)) {
      stack.pop();
      if (stack.length === 0) return at + 1;
    }
  }
  return undefined;
}

export function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** `query`: in a URL. `list`: between semicolons, where spaces and all other characters belong to the value. */
export type Surroundings = 'query' | 'list' | 'prose';

/** The index after an unquoted value. */
export function endOfBare(text: string, start: number, surroundings: Surroundings): number {
  let at = start;
  for (; at < text.length; at++) if (ends(text, at, surroundings)) break;
  // A full stop ends the sentence and is not part of the value.
  return at > start + 1 && text[at - 1] === '.' && surroundings === 'prose' ? at - 1 : at;
}

function ends(text: string, at: number, surroundings: Surroundings): boolean {
  const character = text[at] as string;
  const next = text[at + 1];
  switch (character) {
    case '\n':
    case '\r':
      return true;
    case ';':
    case ',':
      if (surroundings === 'list') return character === ';';
      return surroundings === 'prose' && isEnd(text, at, next);
    case '&':
      return surroundings === 'query' || isEnd(text, at, next);
    case '#':
      return surroundings === 'query';
    case ')':
    case ']':
    case '}':
      return next === undefined || SPACE.test(next) || ',;)]}>"\'`.:'.includes(next);
    case '<':
    case '>':
      return next === undefined || next === '/' || character === '>' || /[a-z]/i.test(next);
    case '"':
    case "'":
    case '`':
      return next === undefined || !/\w/.test(next);
    case '\\':
      return next !== undefined && 'nrt"\'\\/ux'.includes(next);
    default:
      return surroundings !== 'list' && SPACE.test(character);
  }
}

/** A separator ends a value if a space, a quote, a bracket or the next name follows. */
function isEnd(text: string, at: number, next: string | undefined): boolean {
  if (next === undefined || SPACE.test(next) || isQuote(next) || '{}[]()'.includes(next)) return true;
  return NEXT_NAME.test(text.slice(at + 1, at + 43));
}

/** The index after a header of several parts, `sid=a; theme="b c"`: the end of the line or of the enclosing quotes. */
export function endOfHeader(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\n' || character === '\r') return at;
    if (character === '\\' && 'nr"\''.includes(text[at + 1] ?? '')) return at;
    if (!isQuote(character)) continue;
    if (text[at - 1] !== '=') return at;
    const closing = endOfQuoted(text, at);
    if (closing >= endOfLine(text, at)) return at;
    at = closing;
  }
  return text.length;
}

/**
 * The end of a YAML block: of the lines that are indented deeper than `indent`. List items may be at the same depth as
 * their name.
 */
export function endOfIndented(text: string, from: number, indent: number, isList: boolean): number {
  let end = from;
  for (let line = from; line < text.length; ) {
    const next = Math.min(text.length, endOfLine(text, line) + 1);
    let at = line;
    while (text[at] === ' ' || text[at] === '\t') at++;
    const isBlank = at >= next - 1;
    if (!isBlank && at - line <= indent && !(isList && at - line === indent && text[at] === '-')) break;
    if (!isBlank) end = text[next - 1] === '\n' ? next - 1 : next;
    line = next;
  }
  return end;
}

const WORDS_OF_CODE =
  /^(?:(?:await|new|typeof|yield|async|function|lambda|require|import|class|return)\b|[A-Za-z_$]+(?:\??\.[A-Za-z_$#][\w$]*)*\(|(?:this|self|req|request|res|response|process|os|config|cfg|env|ctx|context|options|opts|props|state|params|args|body|data|user|event|settings|session|headers|input|inputs|result|account|client|app|secrets|vars|var|local|module|each|github|matrix|steps|import)\??(?:\.[A-Za-z_$]|\[))/;
const TYPES =
  /^(?:string|number|boolean|any|unknown|never|void|object|symbol|bigint|str|int|float|bool|bytes|String|Number|Boolean|Buffer|Uint8Array|Optional|Promise|Record|Array)(?:\[\]|<[^>\n]{0,60}>|\[\w{1,20}\])?\s*(?:[;,)|=}\]&\n?]|$)/;
const PLACEHOLDERS =
  /^(?:\$\{[A-Za-z_][\w.]*\}|\$?\{\{|\$\(|(?:<|&lt;)[\w .:-]{1,40}(?:>|&gt;)|%[A-Z_]{2,40}%|\$[A-Z_]{3,40}(?![\w])|\*{3,}|x{4,}(?!\w)|\.{3}|…|\[REDACTED\])/;
/** Words that a log says about a secret, and words that continue a sentence. */
const SAID_OF_IT =
  /^(?:true|false|null|undefined|none|nil|nan|required|optional|missing|invalid|valid|expired|incorrect|wrong|empty|hidden|redacted|masked|denied|granted|revoked|disabled|enabled|yes|no|ok|a|an|the|is|are|was|be|it|its|you|your|we|our|my|to|of|in|on|for|and|or|not|this|that|these|those|if|when|each|every|one|see|how|what|why|always|never|with|without|by|at|as)$/i;

/** Whether it is a placeholder for a secret, or the mark of one that was removed. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.exec(text)?.[0].length === text.length || /^\{\{[^{}]{0,60}\}\}$/.test(text);
}

/** Whether the text is not a value: code that returns one, a type, a placeholder, or a word about a secret. */
export function isNoValue(text: string, start: number, end: number, isColon: boolean): boolean {
  const head = text.slice(start, start + 100);
  if (PLACEHOLDERS.test(head) || WORDS_OF_CODE.test(head)) return true;
  return SAID_OF_IT.test(text.slice(start, Math.min(end, start + 20))) || (isColon && TYPES.test(head));
}
