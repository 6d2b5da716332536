import type { SecretNames } from './names.ts';

/** `{ "name": "authorization", "value": "…" }`: what names, and what has the value. */
export const NAMING: RegExp = /^(?:name|key|header|field|param|parameter|variable|option|k)$/i;
export const VALUED: RegExp = /^(?:values?|val|v|string_?value)$/i;

/** Fields of a schema or of a question, no pairs of a name and a value. */
const LISTS_OF_NAMES =
  /^(?:required|enum|fields?|columns?|keys|names|props|properties|params|parameters|select|omit|pick)$/i;
/** Node's list of raw headers is flat. */
const HEADERS = /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)$/i;
const FLAG = /^--?[\w.-]{3,}$/;

/** What is known of a list: how it is called, and whether it has two items, of which `item` is the second. */
export interface InList {
  readonly list: string | undefined;
  readonly isPair: boolean;
}

/** Whether `before` says that the next item of its list is a secret: `['authorization', '…']`, `['--password', '…']`. */
export function announces(names: SecretNames, before: string, item: unknown, { list, isPair }: InList): boolean {
  if (before.length > 120 || item === null || item === undefined || typeof item === 'boolean') return false;
  if (names.grade(before) !== 'secret' || (list !== undefined && LISTS_OF_NAMES.test(list))) return false;
  if (before.startsWith('-')) return FLAG.test(before) && !(typeof item === 'string' && item.startsWith('-'));
  // A list of names is no list of a name and its value.
  if (typeof item === 'string' && item.length <= 120 && names.grade(item) === 'secret') return false;
  return isPair || HEADERS.test(before);
}
