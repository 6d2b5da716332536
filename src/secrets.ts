/** The only definition of a secret: by the name of a value, and by the value itself, wherever it occurs in a text. */
import { type Found, findAssigned } from './secrets/assigned.ts';
import { findCredentials } from './secrets/credentials.ts';
import { layersOf } from './secrets/layers.ts';
import { SecretNames } from './secrets/names.ts';
import { findTokens, MAY_HAVE_TOKENS, SHORTEST } from './secrets/tokens.ts';

export { SecretNames } from './secrets/names.ts';
export { NAMING, precedesSecret, VALUED } from './secrets/neighbours.ts';

/** Replaces a secret. */
export const REDACTED = '[REDACTED]';

const BUILT_IN = new SecretNames();

/** A word that occurs in the name of a secret, or in front of one. */
const MAY_NAME =
  /pass|pwd|secret|token|key|cookie|auth|cred|csrf|xsrf|sessid|sig[=":]|signature|string|phrase|assertion|saml|bearer|basic|identified|curl|wget/i;
/** Signs of an encoding that may hide a secret. */
const MAY_HIDE = /\\u00[2-7]|\\x[2-7]|%[3-7][0-9a-f]|%2[5de]|&#|%2f%2f|\\\/\\+\//i;
/** The characters of which an assignment needs at least one. */
const MAY_ASSIGN = /[:=,>-]/;

interface Range {
  readonly start: number;
  readonly end: number;
  readonly instead: string;
}

/** The text with its secrets replaced. Takes time in proportion to the text's length, for any text. */
export function withoutSecrets(text: string, names: SecretNames = BUILT_IN): string {
  if (!isSuspicious(text, names)) return text;
  const ranges = rangesOf(text, names);
  if (ranges.length === 0) return text;
  ranges.sort((one, other) => one.start - other.start || other.end - one.end);
  let safe = '';
  let last = 0;
  for (let index = 0; index < ranges.length; index++) {
    const { start, end, instead } = ranges[index] as Range;
    let until = end;
    // Overlapping ranges are one secret.
    for (let next = ranges[index + 1]; next && next.start < until; next = ranges[index + 1]) {
      until = Math.max(until, next.end);
      index++;
    }
    safe += `${text.slice(last, start)}${instead}`;
    last = until;
  }
  return safe + text.slice(last);
}

function rangesOf(text: string, names: SecretNames): Range[] {
  const ranges: Range[] = [];
  for (const layer of layersOf(text)) {
    const found: Found = (from, to, quotes) => {
      const start = layer.at(from);
      const end = layer.at(to);
      if (text.startsWith(REDACTED, start) && end - start <= REDACTED.length) return;
      const quote = Array.isArray(quotes) ? text.slice(layer.at(quotes[0]), layer.at(quotes[1])) : '';
      ranges.push({ start, end, instead: `${quotes === ' ' ? quotes : quote}${REDACTED}${quote}` });
    };
    findTokens(layer.text, found);
    findCredentials(layer.text, found);
    if ((names.hasOwn || MAY_NAME.test(layer.text)) && MAY_ASSIGN.test(layer.text)) {
      findAssigned(layer.text, names, found);
    }
  }
  return ranges;
}

/**
 * Words with a space between them, as in most texts of an app: no character that assigns, quotes or escapes, no word as
 * long as a token, and none that starts like `Basic` and `Bearer`, which need no such character. This check takes a
 * third of the time of those below.
 */
const PLAIN_WORDS = /^(?:[ac-zAC-Z0-9_]\w{0,16}(?: |$))*$/;
/** Most ids of sessions, and of what apps name. No kind of token looks like one, and the rules would take ten times as long to say so. */
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A quick check that rejects most texts; the rules run only on the rest. */
function isSuspicious(text: string, names: SecretNames): boolean {
  if (PLAIN_WORDS.test(text) || UUID.test(text)) return false;
  return (
    MAY_NAME.test(text) ||
    (text.length >= SHORTEST && MAY_HAVE_TOKENS.test(text)) ||
    (text.includes('://') && text.includes('@')) ||
    MAY_HIDE.test(text) ||
    (names.hasOwn && MAY_ASSIGN.test(text))
  );
}
