import { type Diagnostics, messageOf } from '../diagnostics.ts';
import { precedesSecret, REDACTED, SecretNames, withoutSecrets } from '../secrets.ts';

/** The app's rules for what must not leave the process, in addition to the built-in ones. */
export interface RedactionOptions {
  /**
   * Names whose values are secrets. They are compared word by word, ignoring case, `-`, `_`, `.` and spaces. A name also
   * matches the end of a longer one: `email` matches `customerEmail`, but not `email_verified`.
   */
  readonly keys?: readonly string[] | undefined;
  /** Names that are not secrets although a rule says so. Each matches only as a whole: `token` does not allow `github_token`. */
  readonly allowKeys?: readonly string[] | undefined;
  /** Patterns of secret values, or parts of values, in texts, numbers and keys. */
  readonly patterns?: readonly RegExp[] | undefined;
  /**
   * Called last for every text that leaves the process. Its return value is written; `undefined` drops the text. When it
   * throws, the text is dropped and a warning is counted.
   */
  readonly redact?: ((text: string, key: string) => string | undefined) | undefined;
}

const NAME_CACHE_SIZE = 2_000;

/** Removes secrets from an app's values. `secrets.ts` defines what a secret is; the app's own rules are added. */
export class Redactor {
  readonly names: SecretNames;
  readonly #patterns: readonly RegExp[];
  readonly #hook: RedactionOptions['redact'];
  readonly #diagnostics: Diagnostics;
  readonly #knownNames = new Map<string, string>();
  /** True while the hook runs: a warning that Baton emits meanwhile is not passed to it again. */
  #isHookRunning = false;

  constructor(options: RedactionOptions, diagnostics: Diagnostics) {
    this.names = new SecretNames(options);
    // Copies, because a caller's sticky or stateful expression would match only every second time.
    this.#patterns = (options.patterns ?? []).map(
      (pattern) => new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`),
    );
    this.#hook = options.redact;
    this.#diagnostics = diagnostics;
  }

  /** Whether the app has a `redact` hook, which must be called for each text. */
  get hasHook(): boolean {
    return this.#hook !== undefined;
  }

  /** Whether the value of that name is a secret, whatever it looks like. */
  hides(name: string, value: unknown): boolean {
    return this.names.hides(name, value);
  }

  /** Free text without its secrets; `undefined` when the app's hook dropped it. */
  text(value: string, key: string): string | undefined {
    const text = this.#byRules(value);
    return this.#hook ? this.#ask(text, key) : text;
  }

  /** A number, redacted where the app's own patterns match it. */
  number<T extends number | bigint>(value: T): T | string {
    if (this.#patterns.length === 0) return value;
    const text = String(value);
    const safe = this.#byPatterns(text);
    return safe === text ? value : safe;
  }

  /** Returns the same list when no item is a secret. */
  list(items: readonly unknown[], key: string): readonly unknown[] {
    let isChanged = false;
    const safe: unknown[] = [];
    items.forEach((item, index) => {
      const next = this.#item(items, index, key);
      isChanged ||= next !== item;
      if (next !== undefined) safe.push(next);
    });
    return isChanged ? safe : items;
  }

  #item(items: readonly unknown[], index: number, key: string): unknown {
    const item = items[index];
    const before = items[index - 1];
    const isPair = items.length === 2 && index === 1;
    if (this.hides(key, item)) return REDACTED;
    if (typeof before === 'string' && precedesSecret(this.names, before, item, { list: undefined, isPair }))
      return REDACTED;
    if (typeof item === 'string') return this.text(item, key);
    return typeof item === 'number' || typeof item === 'bigint' ? this.number(item) : item;
  }

  /** A warning's text, which may quote the app's input. */
  warning(message: string): string {
    const text = this.#byRules(message);
    if (!this.#hook || this.#isHookRunning) return text;
    return this.#ask(text, 'warning') ?? 'the text of this warning was dropped by redaction.redact';
  }

  #byRules(text: string): string {
    return this.#byPatterns(withoutSecrets(text, this.names));
  }

  #byPatterns(given: string): string {
    let text = given;
    for (const pattern of this.#patterns) text = text.replace(pattern, REDACTED);
    return text;
  }

  /** A name of low cardinality (an agent key, a tool's name): redacted like text, and cached. */
  name(value: string, key: string): string | undefined {
    if (this.#hook) return this.text(value, key);
    let name = this.#knownNames.get(value);
    if (name === undefined) {
      name = this.text(value, key) as string;
      remember(this.#knownNames, value, name);
    }
    return name;
  }

  #ask(text: string, key: string): string | undefined {
    const before = this.#isHookRunning;
    this.#isHookRunning = true;
    try {
      const answer: unknown = this.#hook?.(text, key);
      return typeof answer === 'string' ? answer : undefined;
    } catch (error) {
      this.#diagnostics.misuse(
        'hook_failed',
        `redaction.redact threw for ${key}, the value is dropped: ${messageOf(error)}`,
      );
      return undefined;
    } finally {
      this.#isHookRunning = before;
    }
  }
}

function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (key.length > 200) return;
  if (cache.size >= NAME_CACHE_SIZE) cache.clear();
  cache.set(key, value);
}
