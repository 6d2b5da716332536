import {
  ABOUT,
  COMPOUND,
  COMPOUND_PLURAL,
  PIECES,
  PLURALS,
  QUALIFIERS,
  QUANTITIES,
  QUESTIONS,
  SECRET_PAIRS,
  SECRETS,
  STRONG,
  STRONG_PAIRS,
  WEAK,
} from './words.ts';

/** The app's own names, which count like the built-in ones. */
export interface OwnNames {
  readonly keys?: readonly string[] | undefined;
  readonly allowKeys?: readonly string[] | undefined;
}

/**
 * What a name says about its value. `secret`: always secret. `plural`: strings are secret, counts are not. `pieces`:
 * like `plural`, but short words are not secret. `weak`: secret in settings, not in prose. `question`: secret unless it
 * is a boolean.
 */
export type Grade = 'none' | 'secret' | 'plural' | 'pieces' | 'weak' | 'question';

/** Of longer names, only the end is graded. */
const MAX_NAME = 200;
const CACHE_SIZE = 2_000;

/** A number or a version. */
const COUNT = /^[\s\d.,:%/+*_^~<>=|xv-]{0,40}$/;
const PATH = /^(?:[/~]|[A-Za-z]:[\\/]|\.{1,2}\/)/;
const HARMLESS_PASS =
  /^(?:ok|yes|no|true|false|all|none|passed?|failed?|skip(?:ped)?|first|second|third|last|final|[\d.%]+)$/i;

/** Decides which names are names of secrets. No other code does. */
export class SecretNames {
  readonly #own: ReadonlySet<string>;
  readonly #ownWords: readonly (readonly string[])[];
  readonly #allowed: ReadonlySet<string>;
  readonly #grades = new Map<string, Grade>();

  constructor({ keys, allowKeys }: OwnNames = {}) {
    const own = (keys ?? []).map(String);
    this.#own = new Set(own.map(normalise));
    this.#ownWords = own.map(wordsOf).filter(({ length }) => length > 0);
    this.#allowed = new Set((allowKeys ?? []).map((key) => normalise(String(key))));
  }

  /** Whether the app has its own names, which no built-in rule can guess. */
  get hasOwn(): boolean {
    return this.#own.size > 0;
  }

  grade(name: string): Grade {
    let grade = this.#grades.get(name);
    if (grade === undefined) {
      grade = this.#decide(name.length > MAX_NAME ? name.slice(-MAX_NAME) : name);
      if (name.length <= MAX_NAME) {
        if (this.#grades.size >= CACHE_SIZE) this.#grades.clear();
        this.#grades.set(name, grade);
      }
    }
    return grade;
  }

  /** Whether the app declares this name harmless. */
  allows(name: string): boolean {
    return this.#allowed.has(normalise(name));
  }

  /** Whether the texts in a list or object of that name are secrets and its counts are not. */
  isPlural(name: string): boolean {
    const grade = this.grade(name);
    return grade === 'plural' || grade === 'pieces';
  }

  /** Whether the value of that name is a secret. The members of a list or object are checked one by one. */
  hides(name: string, value: unknown, grade: Grade = this.grade(name)): boolean {
    if (value === null || value === undefined || value === '') return false;
    switch (grade) {
      case 'none':
        return false;
      case 'secret':
        return !(typeof value === 'string' && PATH.test(value) && /pwd$/i.test(name));
      case 'question':
        return typeof value !== 'boolean';
      case 'plural':
        return typeof value === 'string' && !COUNT.test(value);
      case 'pieces':
        return typeof value === 'string' && !COUNT.test(value) && (value.length > 7 || /\d/.test(value));
      case 'weak':
        return typeof value === 'string' && isWeaklySecret(name, value);
    }
  }

  #decide(name: string): Grade {
    const whole = normalise(name);
    if (this.#allowed.has(whole)) return 'none';
    if (this.#own.has(whole)) return 'secret';
    const words = wordsOf(name);
    if (this.#ownWords.some((own) => endsWith(words, own))) return 'secret';
    return gradeOf(words);
  }
}

function gradeOf(words: readonly string[]): Grade {
  let end = words.length;
  while (end > 1 && isQualifier(words[end - 1] as string)) end--;
  const grade = ending(words, end) ?? ending(words, words.length);
  if (grade !== undefined) {
    return grade === 'secret' && words.length > 1 && QUESTIONS.has(words[0] as string) ? 'question' : grade;
  }
  for (let at = words.length - 1; at > 0; at--) {
    if (ABOUT.has(words[at] as string)) return 'none';
    if (isStrong(words, at)) return 'secret';
  }
  return words.length > 0 && isStrong(words, 1) ? 'secret' : 'none';
}

/** The grade of the last of the first `end` words. */
function ending(words: readonly string[], end: number): Grade | undefined {
  const last = words[end - 1];
  if (last === undefined) return undefined;
  const before = words[end - 2];
  if ((last === 'token' || last === 'tokens') && before !== undefined && QUANTITIES.has(before)) return 'none';
  if (SECRETS.has(last) || COMPOUND.test(last)) return 'secret';
  if (before !== undefined && SECRET_PAIRS.has(`${before}_${last}`)) return 'secret';
  if (last !== 'keys' && last !== 'codes' && PLURALS.has(last)) return PIECES.has(last) ? 'pieces' : 'plural';
  if (before !== undefined && PLURALS.has(last) && SECRET_PAIRS.has(`${before}_${last.slice(0, -1)}`)) return 'pieces';
  if (COMPOUND_PLURAL.test(last)) return 'pieces';
  return WEAK.has(last) ? 'weak' : undefined;
}

function isWeaklySecret(name: string, value: string): boolean {
  if (/pass$/i.test(name)) return !HARMLESS_PASS.test(value) && !/\s/.test(value);
  if (/sig$/i.test(name)) return value.length >= 20 && !/\s/.test(value);
  return !/\s/.test(value) && (/[\d:]/.test(value) || value.length >= 16) && !/^oauth[\d.]*$/i.test(value);
}

/** Whether the word before `at` (or the two words before it) is a secret at any position: `password_of_ada`. */
function isStrong(words: readonly string[], at: number): boolean {
  const word = words[at - 1] as string;
  return STRONG.has(word) || (at > 1 && STRONG_PAIRS.has(`${words[at - 2]}_${word}`));
}

function isQualifier(word: string): boolean {
  return word.length === 1 || /^\d+$/.test(word) || QUALIFIERS.has(word);
}

function endsWith(words: readonly string[], end: readonly string[]): boolean {
  return end.length <= words.length && end.every((word, index) => word === words[words.length - end.length + index]);
}

/** `dbPassword2` gives `db`, `password`, `2`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/([A-Za-z])(\d)/g, '$1 $2')
    .replace(/(\d)([A-Za-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d\u0080-\uffff]+/)
    .filter((word) => word !== '');
}

function normalise(name: string): string {
  return name.replace(/[-_.\s]/g, '').toLowerCase();
}
