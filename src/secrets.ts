/** The built-in rules for values that are secrets wherever they stand. */
export const REDACTED = '[REDACTED]';

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

/** The text with the secrets that the built-in rules know replaced. */
export function withoutSecrets(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  let safe = text;
  for (const [pattern, instead] of SECRET_VALUES) safe = safe.replace(pattern, instead as string);
  return safe;
}
