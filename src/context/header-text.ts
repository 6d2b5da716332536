import type { Carrier } from '../model.ts';
import { CARRIER_SESSION } from './headers.ts';

/**
 * What an HTTP header accepts unchanged: printable ASCII without a space at either end. `%` is reserved for the
 * encoding.
 */
const PLAIN = /^[!-$&-~](?:[ -$&-~]*[!-$&-~])?$/;

/** Encodes a text for an HTTP header: an id in Japanese must not make the app's request fail. */
export function toHeaderText(text: string): string {
  return PLAIN.test(text) ? text : encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'));
}

/** Decodes the text. A value that Baton did not encode stays as it is. */
export function fromHeaderText(value: string | undefined): string | undefined {
  if (typeof value !== 'string' || !value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Instrumentations of `fetch` append a `traceparent` to the app's, and servers join the two. The first one is Baton's.
 */
export function traceparentOf(carrier: Carrier): string | undefined {
  const { traceparent } = carrier;
  return typeof traceparent === 'string' ? traceparent.split(',')[0]?.trim() : traceparent;
}

/** The session id in a carrier. */
export function sessionOf(carrier: Carrier | null | undefined): string | undefined {
  return fromHeaderText(carrier?.[CARRIER_SESSION]);
}
