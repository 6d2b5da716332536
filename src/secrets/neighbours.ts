import type { SecretNames } from './names.ts';

/** Fields of `{ "name": "authorization", "value": "…" }`: those that hold the name, and those that hold the value. */
export const NAMING: RegExp = /^(?:name|key|header|field|param|parameter|variable|option|k)$/i;
export const VALUED: RegExp = /^(?:values?|val|v|string_?value)$/i;

/** Fields of a schema or of a question, not pairs of a name and a value. */
const LISTS_OF_NAMES =
  /^(?:required|enum|fields?|columns?|keys|names|props|properties|params|parameters|select|omit|pick)$/i;
/** In Node's list of raw headers, names and values alternate. */
const HEADERS = /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)$/i;
const FLAG = /^--?[\w.-]{3,}$/;

/** The list of an item: its name, and whether it has two items, of which `item` is the second. */
export interface InList {
  readonly list: string | undefined;
  readonly isPair: boolean;
}

/** Whether the item after `before` in its list is a secret: `['authorization', '…']`, `['--password', '…']`. */
export function precedesSecret(names: SecretNames, before: string, item: unknown, { list, isPair }: InList): boolean {
  if (before.length > 120 || item === null || item === undefined || typeof item === 'boolean') return false;
  if (names.grade(before) !== 'secret' || (list !== undefined && LISTS_OF_NAMES.test(list))) return false;
  if (before.startsWith('-')) return FLAG.test(before) && !(typeof item === 'string' && item.startsWith('-'));
  // A list of names is not a name with its value.
  if (typeof item === 'string' && item.length <= 120 && names.grade(item) === 'secret') return false;
  return isPair || HEADERS.test(before);
}
