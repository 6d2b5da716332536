/** What is a secret, decided once: by the name that a value has, and by the value itself, wherever it stands in a text. */
import { type Found, findAssigned } from './secrets/assigned.ts';
import { findCredentials } from './secrets/credentials.ts';
import { isEscaped, layersOf } from './secrets/layers.ts';
import { SecretNames } from './secrets/names.ts';
import { findTokens } from './secrets/tokens.ts';

export { type OwnNames, SecretNames } from './secrets/names.ts';

/** What stands in place of a secret. */
export const REDACTED = '[REDACTED]';

const BUILT_IN = new SecretNames();

/** One look that finds nothing in almost every text; the rules run on the rest. */
const SUSPICIOUS =
  /pass|pwd|secret|token|key|cookie|auth|cred|creds|csrf|xsrf|sess|sig|string|phrase|code|assertion|saml|bearer|basic|identified|:\/\/|eyJ|--|[srpt]k[-_]|gh[pousr]_|github_pat|gl[a-z]{1,6}-|xox|xapp|hooks\.|webhook|A[A-Z0-9]{19}|AIza|SK[0-9a-f]{32}/i;

interface Range {
  readonly start: number;
  readonly end: number;
  readonly instead: string;
}

/** The text with its secrets replaced. Takes time in proportion to its length, whatever it is. */
export function withoutSecrets(text: string, names: SecretNames = BUILT_IN): string {
  const ranges = rangesOf(text, names);
  if (ranges.length === 0) return text;
  ranges.sort((one, other) => one.start - other.start || other.end - one.end);
  let safe = '';
  let last = 0;
  for (let index = 0; index < ranges.length; index++) {
    const { start, end, instead } = ranges[index] as Range;
    let until = end;
    // What overlaps is one secret.
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
  if (!SUSPICIOUS.test(text) && !isEscaped(text) && !(names.hasOwn && /[:=,>-]/.test(text))) return ranges;
  for (const layer of layersOf(text)) {
    const found: Found = (from, to, quote) => {
      const start = layer.at(from);
      const end = layer.at(to);
      if (text.startsWith(REDACTED, start) && end - start <= REDACTED.length) return;
      const mark = quote ? text.slice(layer.at(quote[0]), layer.at(quote[1])) : '';
      ranges.push({ start, end, instead: `${mark}${REDACTED}${mark}` });
    };
    findTokens(layer.text, found);
    findCredentials(layer.text, found);
    findAssigned(layer.text, names, found);
  }
  return ranges;
}
