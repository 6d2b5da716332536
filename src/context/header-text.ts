import type { Carrier } from '../model.ts';
import { CARRIER_SESSION } from './headers.ts';

/** What an HTTP header takes as it is: printable ASCII without a space at either end; `%` is what the rest is written with. */
const PLAIN = /^[!-$&-~](?:[ -$&-~]*[!-$&-~])?$/;

/** A text as an HTTP header takes it: an id in Japanese must not make the app's request fail. */
export function toHeaderText(text: string): string {
  return PLAIN.test(text) ? text : encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'));
}

/** The text again; what was not written by us stays as it is. */
export function fromHeaderText(value: string | undefined): string | undefined {
  if (typeof value !== 'string' || !value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Instrumentations of `fetch` add a `traceparent` behind that of the app, and servers join the two: the first is ours. */
export function traceparentOf(carrier: Carrier): string | undefined {
  const { traceparent } = carrier;
  return typeof traceparent === 'string' ? traceparent.split(',')[0]?.trim() : traceparent;
}

/** The session that a carrier names. */
export function sessionOf(carrier: Carrier | null | undefined): string | undefined {
  return fromHeaderText(carrier?.[CARRIER_SESSION]);
}
