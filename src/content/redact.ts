import { type Diagnostics, messageOf } from '../diagnostics.ts';

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

export const REDACTED = '[REDACTED]';

// Whole names, normalised: `total_tokens` and `secretary` are none of these.
const SECRET_KEYS =
  'apikey xapikey password passwd passphrase secret token authorization proxyauthorization accesstoken refreshtoken idtoken authtoken bearertoken sessiontoken privatekey secretkey secretaccesskey clientsecret credentials cookie setcookie connectionstring';

/** One look that finds nothing in almost every text and is right when it does; the patterns below run on the rest. */
const SUSPICIOUS =
  /bearer|basic\s|[srp]k[-_]|eyJ|gh[pousr]_|github_pat|xox|AKIA|ASIA|AIza|-----BEGIN|passw|passphrase|secret|(?:api|access|private)[-_ ]?key|token|:\/\//i;

type Rule = readonly [what: RegExp, instead: string | ((...match: string[]) => string)];

/** Each runs in linear time: none starts again inside what it has already read. */
const SECRET_VALUES: readonly Rule[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\b(bearer)\s+[\w\-.~+/]{8,}=*/gi, `$1 ${REDACTED}`],
  [/\b(basic)\s+([A-Za-z0-9+/]{8,}={0,2})/gi, basicCredentials],
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [/(?<![\w-])[srp]k[-_][\w-]{16,}/g, REDACTED],
  [/\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,})/g, REDACTED],
  [/(?<![\w-])xox[abeoprs]-[\w-]{10,}/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/(?<![\w-])AIza[\w-]{35}/g, REDACTED],
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${REDACTED}@`],
  // password: x, "apiKey": "x", DB_PASSWORD='x y', and the same escaped inside a JSON text.
  [
    /((?:password|passwd|passphrase|secret|(?:api|(?:secret[-_ ]?)?access|private|secret)[-_ ]?key|(?:access|auth|refresh|id|session)[-_ ]?token|(?<![A-Za-z])token|client[-_ ]?secret)(?:\\?["'])?\s*[=:]\s*)(?:(\\?")((?:[^"\\]|\\.(?!\s*[,}]))*)\2?|(')[^']*'?|[^\s,;&"'}\\]+)/gi,
    assignment,
  ],
];

/** "Basic" is also a word: what follows is a secret when it is base64 of `user:password`. */
function basicCredentials(match: string, word: string, token: string): string {
  try {
    return globalThis.atob(token).includes(':') ? `${word} ${REDACTED}` : match;
  } catch {
    return match;
  }
}

function assignment(_match: string, name: string, doubleQuote = '', _quoted = '', singleQuote = ''): string {
  const quote = doubleQuote || singleQuote;
  return `${name}${quote}${REDACTED}${quote}`;
}

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
    let text = value;
    if (SUSPICIOUS.test(text)) {
      for (const [pattern, instead] of SECRET_VALUES) text = text.replace(pattern, instead as string);
    }
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
