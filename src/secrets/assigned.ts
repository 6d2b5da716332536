import type { SecretNames } from './names.ts';
import { NAMING, precedesSecret, VALUED } from './neighbours.ts';
import {
  endOfBare,
  endOfBlock,
  endOfHeader,
  endOfIndented,
  endOfLine,
  endOfQuoted,
  isNoValue,
  isPlaceholder,
  isQuote,
  isSpace,
  type Surroundings,
} from './value-text.ts';

/**
 * Reports the position of a secret. `quotes` is the position of the quotes that the replacement needs, so that JSON
 * stays valid, or a space that must precede it.
 */
export type Found = (start: number, end: number, quotes?: readonly [start: number, end: number] | ' ') => void;

const MAX_NAME = 120;
/** Maximum distance between a `name` field and its `value` field. */
const MAX_BETWEEN = 300;
/** Names that are secrets only together with the word before: `api key: x`. */
const NEEDS_WORD_BEFORE = /^(?:keys?|strings?|codes?|phrase|word|signature|assertion|response|tokens?)$/i;
/** The description of a secret instead of one. */
const SCHEMA = /^(?:type|description|required|default|format|title|\$ref|in|external|file|from|name)\s?:/;
/** `Basic x`: the scheme is not secret. */
const SCHEME = /^(?:bearer|basic|token|api-?key|key|negotiate|ntlm|dpop)[ \t]+/i;
const SCHEME_OF_PARTS = /^(?:digest|hawk|oauth|mutual|signature|aws4-hmac-sha256|scram-sha-\d+)[ \t]+/i;

interface Name {
  readonly text: string;
  readonly start: number;
  /** The closing quote, if the name is quoted. */
  readonly quote: readonly [start: number, end: number] | undefined;
  readonly grade: ReturnType<SecretNames['grade']>;
}

interface Value {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the values that a text assigns to secret names: `name=value`, `"name": "value"`, `--name value`, `["name",
 * "value"]` …
 */
export function findAssigned(text: string, names: SecretNames, found: Found): void {
  new Reader(text, names, found).read();
}

class Reader {
  readonly #text: string;
  readonly #names: SecretNames;
  readonly #found: Found;
  /** End of the last `name: …` whose value is a secret's name; its `value` field may follow. */
  #named = -1;
  /** Start of the last `value: …`; its `name` field may follow. */
  #valued: number | undefined;
  /**
   * A block without an end was found. Further blocks are not searched for theirs, because each search would read to the
   * end of the text.
   */
  #neverCloses = false;

  constructor(text: string, names: SecretNames, found: Found) {
    this.#text = text;
    this.#names = names;
    this.#found = found;
  }

  read(): void {
    const text = this.#text;
    for (let at = 0; at < text.length; at++) {
      switch (text.charCodeAt(at)) {
        case 0x3a: // :
        case 0x3d: // =
          at = this.#operator(at);
          break;
        case 0x2c: // ,
          at = this.#comma(at);
          break;
        case 0x2d: // -
          at = this.#flag(at);
          break;
        case 0x3e: // >
          at = this.#tag(at);
          break;
        case 0x7b: // {
        case 0x7d: // }
          this.#named = -1;
          this.#valued = undefined;
      }
    }
  }

  /** This method and those below return the index to continue from. */
  #operator(at: number): number {
    const text = this.#text;
    const isColon = text[at] === ':';
    let next = at + 1;
    if (isColon && text[next] === '/' && text[next + 1] === '/') return next;
    // Matches `userPassword:: x`, but not `Login::token`.
    if (isColon && text[next] === ':') {
      if (text[next + 1] !== ' ') return next;
      next++;
    }
    const isArrow = text[next] === '>';
    const isComparison = !isColon && text[next] === '=';
    while (text[next] === '=' || text[next] === '>') next++;
    const given = this.#nameBefore(/[+?:|]/.test(text[at - 1] ?? '') ? at - 1 : at);
    if (!given) return next - 1;
    while (isBlank(text[next])) next++;
    const name: Name = this.#entry(given, next) ? { ...given, text: 'secret', grade: 'secret' } : given;
    // A conditional expression: `known ? token : other`.
    if (name.grade === 'none' || (isColon && text[name.start - 1] === ' ' && text[name.start - 2] === '?'))
      return next - 1;
    if (text[next] === '\n' || text[next] === '\r') return isColon ? this.#below(name, next) : next - 1;
    const prefix = /^(?:[bBuUrRfF$@]|rb|br)(?=["'])/.exec(text.slice(next, next + 3));
    const start = next + (prefix?.[0].length ?? 0);
    if (isQuote(text[start])) return this.#quoted(name, start);
    if (isComparison) return next - 1;
    return this.#unquoted(name, start, { isColon, isArrow });
  }

  #quoted(name: Name, open: number): number {
    const text = this.#text;
    const triple = (text[open] as string).repeat(3);
    const isTriple = text.startsWith(triple, open);
    const start = isTriple ? open + 3 : open + 1;
    const closing = isTriple ? text.indexOf(triple, start) : endOfQuoted(text, open);
    const end = closing < 0 ? text.length : closing;
    if (!this.#names.hides(name.text, text.slice(start, end), name.grade)) return end;
    if (!isPlaceholder(text.slice(start, end))) this.#report(start, end);
    return end;
  }

  #unquoted(name: Name, start: number, { isColon, isArrow }: { isColon: boolean; isArrow: boolean }): number {
    const text = this.#text;
    const first = text[start];
    if (first === '{' || first === '[') return this.#block(name, start);
    if (
      isColon &&
      (first === '|' || first === '>') &&
      /^[|>][-+\d]{0,2}\s*(?:\n|$)/.test(text.slice(start, start + 20))
    ) {
      return this.#below(name, endOfLine(text, start));
    }
    // Still escaped: the next layer has it unescaped.
    if (first === undefined || first === '\\') return start - 1;
    if (/cookies?$/i.test(name.text) && /^[^\s=;,]{1,80}=/.test(text.slice(start, start + 82)))
      return this.#header(start);
    if (/authorization$/i.test(name.text)) return this.#authorization(start);
    const surroundings = this.#surroundings(name, start, isColon);
    let end = endOfBare(text, start, surroundings);
    if (end <= start) return start - 1;
    const isStrict = name.grade !== 'secret' && name.grade !== 'question';
    const isSetting = name.quote !== undefined || text[start - 1] === '=' || text[start - 1] === ':';
    if (isStrict && !isSetting) return end - 1;
    if (!this.#names.hides(name.text, literal(text.slice(start, end)), name.grade)) return end - 1;
    if (isNoValue(text, start, end, isColon && name.quote === undefined)) return end - 1;
    // An arrow function: `token => token.id`.
    if (isArrow && /^!?[A-Za-z_$]+(?:[.([;,)\s]|$)/.test(text.slice(start, start + 80))) return end - 1;
    if (isColon && surroundings === 'prose') {
      if (this.#isFirst(name.start)) end = endOfScalar(text, end);
      else if (!name.quote && isSentence(name.text, text.slice(start, end + 2))) return end - 1;
    }
    if (name.quote) this.#found(start, end, name.quote);
    else this.#report(start, end);
    return end - 1;
  }

  /** An object or a list under a secret name is secret as a whole. Under a plural name, only its texts are. */
  #block(name: Name, start: number): number {
    const text = this.#text;
    if (text.startsWith('[REDACTED', start)) return start;
    if (name.grade === 'weak') return start;
    const end = this.#neverCloses ? undefined : endOfBlock(text, start);
    this.#neverCloses ||= end === undefined;
    if (end === undefined) {
      // JSON that was cut.
      if (!name.quote || name.grade !== 'secret') return start;
      this.#found(start, text.length, name.quote);
      return text.length;
    }
    if (name.grade === 'secret' || name.grade === 'question') {
      if (name.quote) this.#found(start, end, name.quote);
      else this.#report(start, end);
      return end - 1;
    }
    for (let at = start; at < end; at++) {
      if (!isQuote(text[at])) continue;
      const closing = endOfQuoted(text, at);
      const isKey = /^\s{0,9}:/.test(text.slice(closing + 1, closing + 11));
      if (!isKey && this.#names.hides(name.text, text.slice(at + 1, closing), name.grade))
        this.#report(at + 1, closing);
      at = closing;
    }
    return end - 1;
  }

  #header(start: number): number {
    const end = endOfHeader(this.#text, start);
    if (end > start && !isNoValue(this.#text, start, end, true)) this.#report(start, end);
    return Math.max(start, end) - 1;
  }

  #authorization(start: number): number {
    const text = this.#text;
    const head = text.slice(start, start + 40);
    const parts = SCHEME_OF_PARTS.exec(head)?.[0];
    if (parts !== undefined) return this.#header(start + parts.length);
    const from = start + (SCHEME.exec(head)?.[0].length ?? 0);
    let end = endOfBare(text, from, 'prose');
    if (isNoValue(text, from, end, true)) return Math.max(from, end) - 1;
    // An unknown scheme.
    if (from === start && text[end] === ' ' && /^[A-Za-z][A-Za-z-]*$/.test(text.slice(start, end))) {
      end = Math.max(end, endOfBare(text, end + 1, 'prose'));
    }
    if (end > from) this.#report(from, end);
    return Math.max(from, end) - 1;
  }

  /** A value on the next line, or a YAML block. */
  #below(name: Name, lineEnd: number): number {
    const text = this.#text;
    if (name.grade === 'weak' || name.grade === 'none') return lineEnd;
    const from = endOfLine(text, lineEnd) + 1;
    let start = from;
    while (text[start] === ' ' || text[start] === '\t') start++;
    const line = text.lastIndexOf('\n', name.start) + 1;
    const indent = this.#isFirst(name.start) ? name.start - line - (name.quote ? 1 : 0) : Number.POSITIVE_INFINITY;
    const isList = text[start] === '-' && text[start + 1] === ' ';
    if (start - from > indent || (isList && start - from === indent)) {
      if (SCHEMA.test(text.slice(start, start + 20))) return lineEnd;
      const end = endOfIndented(text, from, indent, isList);
      const first = text.slice(isList ? start + 2 : start, endOfLine(text, start)).trim();
      if (!this.#names.hides(name.text, first, name.grade) || isPlaceholder(first)) return lineEnd;
      this.#report(start, end);
      return end - 1;
    }
    return name.grade === 'secret' ? this.#nextLine(start, lineEnd) : lineEnd;
  }

  /** A value on the line after `Password:`, as a person types it. */
  #nextLine(start: number, lineEnd: number): number {
    const text = this.#text;
    if (isQuote(text[start]) || '\\[{'.includes(text[start] ?? '{')) return lineEnd;
    const end = endOfBare(text, start, 'prose');
    const given = text.slice(start, end);
    if (end <= start || /^\s{0,3}[:=]/.test(text.slice(end, end + 4)) || /[:=]$/.test(given)) return lineEnd;
    if (isNoValue(text, start, end, true) || !/\d/.test(given)) return lineEnd;
    this.#report(start, end);
    return end - 1;
  }

  /**
   * Handles `{ "name": "authorization", "value": "…" }` in either order. Returns whether this is the value of a secret.
   */
  #entry(name: Name, next: number): boolean {
    const text = this.#text;
    if (VALUED.test(name.text)) {
      this.#valued = next;
      return this.#named >= 0 && name.start - this.#named < MAX_BETWEEN;
    }
    if (!NAMING.test(name.text)) return false;
    const given = this.#valueAt(next, next + MAX_NAME);
    const isSecret = this.#names.grade(text.slice(given.start, given.end)) === 'secret';
    this.#named = isSecret ? given.end : -1;
    if (isSecret && this.#valued !== undefined) {
      const value = this.#valueAt(this.#valued, name.start);
      if (name.start - value.end < MAX_BETWEEN) this.#report(value.start, value.end);
    }
    this.#valued = undefined;
    return false;
  }

  /** The value at `start`, read up to `most`. */
  #valueAt(start: number, most: number): Value {
    const text = this.#text.slice(start, most);
    if (!isQuote(text[0])) return { start, end: start + endOfBare(text, 0, 'prose') };
    return { start: start + 1, end: start + endOfQuoted(text, 0) };
  }

  /** `["authorization", "…"]`, `["--password", "…"]`, and Node's list of raw headers. */
  #comma(at: number): number {
    const text = this.#text;
    let open = at + 1;
    while (text[open] === ' ' || text[open] === '\n') open++;
    if (!isQuote(text[open]) || text[open] === '`') return at;
    const name = this.#nameBefore(at);
    if (!name?.quote || name.grade !== 'secret') return at;
    let before = name.start - 2;
    while (before > 0 && isSpace(text[before])) before--;
    const isFirst = text[before] === '[' || text[before] === '(';
    const end = endOfQuoted(text, open);
    const isLast = /^\s{0,9}[\])]/.test(text.slice(end + 1, end + 11));
    const list = /([\w-]{1,20})["'\\]{0,4}\s?[:=]\s?$/.exec(text.slice(Math.max(0, before - 30), before))?.[1];
    // The string is itself a name: `"authorization", "value": …`.
    const isName = /^\s{0,9}:/.test(text.slice(end + 1, end + 11));
    if (
      isName ||
      !precedesSecret(this.#names, name.text, text.slice(open + 1, end), { list, isPair: isFirst && isLast })
    )
      return at;
    this.#report(open + 1, end);
    return end;
  }

  /** `--password x`. After a single dash only whole words count: `-p src` is harmless. */
  #flag(at: number): number {
    const text = this.#text;
    const before = text[at - 1];
    if (before !== undefined && !isSpace(before) && !isQuote(before) && !'([,='.includes(before)) return at;
    const flag = /^--?([A-Za-z][\w.-]{2,60})([ \t]{1,20}|\s)/.exec(text.slice(at, at + 90));
    if (!flag) return at;
    const name = flag[1] as string;
    if (this.#names.grade(name) !== 'secret') return at;
    const start = at + flag[0].length;
    if (text[start] === undefined || '-|&;<>\\'.includes(text[start])) return start - 1;
    const end = isQuote(text[start]) ? endOfQuoted(text, start) : endOfBare(text, start, 'prose');
    const from = isQuote(text[start]) ? start + 1 : start;
    if (end > from && !isNoValue(text, from, end, false)) this.#report(from, end);
    return Math.max(end, start) - 1;
  }

  /** `<password>…</password>`. */
  #tag(at: number): number {
    const text = this.#text;
    const open = /<(?:\w{1,20}:)?([A-Za-z][\w.-]{2,60})(?: [^<>]{0,60})?$/.exec(text.slice(Math.max(0, at - 130), at));
    if (!open || this.#names.grade(open[1] as string) !== 'secret') return at;
    const end = text.indexOf('<', at);
    if (end < 0 || text[end + 1] !== '/' || text.slice(at + 1, end).trim() === '') return at;
    this.#report(at + 1, end);
    return end - 1;
  }

  #nameBefore(at: number): Name | undefined {
    const text = this.#text;
    let end = at;
    while (isBlank(text[end - 1])) end--;
    const last = text[end - 1];
    if (last === ']') {
      const open = lastBefore(text, '[', end - 1);
      if (open < 0) return undefined;
      // `api_key[]=x`
      if (open === end - 2) return this.#nameBefore(open);
      const inner = text.slice(open + 1, end - 1).replace(/^["'`]|["'`]$/g, '');
      return this.#name(inner, open + 1, undefined);
    }
    if (isQuote(last)) {
      const open = lastBefore(text, last as string, end - 1);
      // An escaped quote: the next layer has it unescaped.
      if (open < 0 || text[end - 2] === '\\') return undefined;
      return this.#name(text.slice(open + 1, end - 1), open + 1, [end - 1, end]);
    }
    let start = end;
    while (start > 0 && end - start < MAX_NAME && isNamePart(text.charCodeAt(start - 1))) start--;
    // The end of a colour code that is still escaped.
    if (text[start - 1] === ';' || text[start - 1] === '[')
      start += /^\d{0,3}m(?=.)/.exec(text.slice(start, end))?.[0].length ?? 0;
    if (start === end) return undefined;
    const bare = text.slice(start, end);
    if (text[start - 1] === ' ' && (this.#names.hasOwn || NEEDS_WORD_BEFORE.test(bare)) && !this.#names.allows(bare)) {
      const word = /[A-Za-z]{1,24}$/.exec(text.slice(Math.max(0, start - 26), start - 1))?.[0];
      if (word !== undefined) {
        const both = this.#name(`${word} ${bare}`, start - 1 - word.length, undefined);
        if (both.grade !== 'none' || /^tokens?$/i.test(bare)) return both;
      }
    }
    return this.#name(bare, start, undefined);
  }

  #name(text: string, start: number, quote: Name['quote']): Name {
    return { text, start, quote, grade: this.#names.grade(text) };
  }

  #surroundings(name: Name, start: number, isColon: boolean): Surroundings {
    const text = this.#text;
    const before = text[name.start - 1];
    if (!isColon && (before === '?' || before === '&')) return 'query';
    if (!isColon && (before === ';' || (before === ' ' && text[name.start - 2] === ';'))) return 'list';
    // `Password=a,b&c;Server=db`
    if (!isColon && /^[^\s;"'`]{1,100};\s?[\w ]{1,40}=/.test(text.slice(start, start + 145))) return 'list';
    return 'prose';
  }

  /** Whether only a list marker precedes it on its line. */
  #isFirst(start: number): boolean {
    for (let at = start - 1; at >= 0 && start - at < MAX_NAME; at--) {
      const character = this.#text[at] as string;
      if (character === '\n') return true;
      if (!' \t-"\''.includes(character)) return false;
    }
    return start < MAX_NAME;
  }

  #report(start: number, end: number): void {
    if (end > start && !this.#text.startsWith('[REDACTED]', start)) this.#found(start, end);
  }
}

/** Prose such as `it wants a token: give it as a header`. Passwords and keys never count as prose, to be safe. */
function isSentence(name: string, text: string): boolean {
  return /^[a-z]{1,12} [a-z]$/.test(text) && !/pass|pwd|key/i.test(name);
}

/** A plain YAML scalar continues to the end of its line, unless something else starts there. */
function endOfScalar(text: string, end: number): number {
  const line = endOfLine(text, end);
  if (line - end > 200) return end;
  return /^(?: [^\s,;{}"'<>|=:#[\]]+)*\s*$/.test(text.slice(end, line))
    ? end + text.slice(end, line).trimEnd().length
    : end;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\u00a0';
}

/** Letters, digits, `_`, `-`, `.`, `$`, and all characters beyond ASCII. */
function isNamePart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x24 ||
    code > 0x7f
  );
}

function lastBefore(text: string, character: string, end: number): number {
  for (let at = end - 1; at >= 0 && end - at <= MAX_NAME; at--) {
    if (text[at] === '\n') return -1;
    if (text[at] === character) return at;
  }
  return -1;
}

/** The value of an unquoted text: a boolean is not a secret where a text would be one. */
function literal(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return text;
}
