/** Addresses that are asked with credentials: how they are shown, and that nobody else gets what is meant for them. */

/** Scheme, host and path: no user, no password, no query. Of what is no address, what stands before an `@` is left out as well. */
export function shownAddress(address: string): string {
  const { protocol, host, pathname } = parse(address) ?? { protocol: '', host: '', pathname: '' };
  if (host !== '') return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  return address.replace(/[?#].*$/s, '').replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1');
}

/** The address without its credentials, and these as a header: the platform's `fetch` refuses them in an address. */
export function withCredentials(address: string): { readonly url: string; readonly headers: Record<string, string> } {
  const url = parse(address);
  if (!url || (url.username === '' && url.password === '')) return { url: address, headers: {} };
  const plain = new TextEncoder().encode(`${decode(url.username)}:${decode(url.password)}`);
  url.username = '';
  url.password = '';
  return { url: url.href, headers: { authorization: `Basic ${btoa(String.fromCharCode(...plain))}` } };
}

export function originOf(address: string): string | undefined {
  return parse(address)?.origin;
}

const MOST_HOPS = 5;

/**
 * Asks an address. A redirect is followed only by a GET and to the same origin, because headers are credentials; else it is the
 * answer.
 */
export async function ask(address: string, init: RequestInit): Promise<Response> {
  let url = address;
  for (let hop = 0; ; hop++) {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    const target = redirectOf(response, url);
    const isSafe = (init.method ?? 'GET') === 'GET' && hop < MOST_HOPS;
    if (target === undefined || !isSafe || originOf(target) !== originOf(url)) return response;
    await response.body?.cancel();
    url = withCredentials(target).url;
  }
}

/** Where an answer sends whoever asked; `undefined` for one that sends nobody anywhere. */
export function redirectOf({ status, headers }: Response, address: string): string | undefined {
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  return location !== null && URL.canParse(location, address) ? new URL(location, address).href : undefined;
}

function parse(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** A password may have a `%` of its own. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
