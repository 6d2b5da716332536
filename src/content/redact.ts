import { type Diagnostics, messageOf } from '../diagnostics.ts';
import { REDACTED, withoutSecrets } from '../secrets.ts';

/** What must not leave the process. The rules add to the built-in ones. */
export interface RedactionOptions {
  /** Names whose values are secrets, compared as a whole and without regard to case, `-`, `_`, `.` and spaces. */
  readonly keys?: readonly string[] | undefined;
  /** Names that are not secrets although the built-in list says so. */
  readonly allowKeys?: readonly string[] | undefined;
  /** Values (or parts of them) that are secrets. */
  readonly patterns?: readonly RegExp[] | undefined;
  /**
   * The last word on every text that leaves the process: what it returns is written, `undefined` drops it.
   * When it throws, the text is dropped and a warning counted.
   */
  readonly redact?: ((text: string, key: string) => string | undefined) | undefined;
}

// Whole names, normalised: `total_tokens` and `secretary` are none of these.
const SECRET_KEYS =
  'apikey xapikey password passwd passphrase secret token authorization proxyauthorization accesstoken refreshtoken idtoken authtoken bearertoken sessiontoken privatekey secretkey secretaccesskey clientsecret credentials cookie setcookie connectionstring';

const NAME_CACHE_SIZE = 2_000;

export class Redactor {
  readonly #keys: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];
  readonly #hook: RedactionOptions['redact'];
  readonly #diagnostics: Diagnostics;
  readonly #names = new Map<string, string>();
  readonly #secretNames = new Map<string, boolean>();

  constructor(options: RedactionOptions, diagnostics: Diagnostics) {
    const keys = new Set(SECRET_KEYS.split(' '));
    for (const key of options.keys ?? []) keys.add(normalise(key));
    for (const key of options.allowKeys ?? []) keys.delete(normalise(key));
    this.#keys = keys;
    // Copies: a caller's sticky or stateful expression would match only every second time.
    this.#patterns = (options.patterns ?? []).map(
      (pattern) => new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`),
    );
    this.#hook = options.redact;
    this.#diagnostics = diagnostics;
  }

  isSecretKey(key: string): boolean {
    let secret = this.#secretNames.get(key);
    if (secret === undefined) {
      secret = this.#keys.has(normalise(key));
      remember(this.#secretNames, key, secret);
    }
    return secret;
  }

  /** Free text without its secrets; `undefined` when the app's own redactor dropped it. */
  text(value: string, key: string): string | undefined {
    let text = withoutSecrets(value);
    for (const pattern of this.#patterns) text = text.replace(pattern, REDACTED);
    return this.#hook ? this.#ask(text, key) : text;
  }

  /** A name of low cardinality (an agent key, a tool's name): the same as text, remembered. */
  name(value: string, key: string): string | undefined {
    if (this.#hook) return this.text(value, key);
    let name = this.#names.get(value);
    if (name === undefined) {
      name = this.text(value, key) as string;
      remember(this.#names, value, name);
    }
    return name;
  }

  #ask(text: string, key: string): string | undefined {
    try {
      const answer: unknown = this.#hook?.(text, key);
      return typeof answer === 'string' ? answer : undefined;
    } catch (error) {
      this.#diagnostics.misuse(
        'hook_failed',
        `redaction.redact threw for ${key}, the value is dropped: ${messageOf(error)}`,
      );
      return undefined;
    }
  }
}

function normalise(key: string): string {
  return key.replace(/[-_.\s]/g, '').toLowerCase();
}

function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (key.length > 200) return;
  if (cache.size >= NAME_CACHE_SIZE) cache.clear();
  cache.set(key, value);
}
