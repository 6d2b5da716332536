import type { Found } from './assigned.ts';
import { eachMatch } from './each-match.ts';

/** Finds `Bearer x` and `Basic x`, JSON web tokens, private keys, and passwords in URLs, commands and queries. */
export function findCredentials(text: string, found: Found): void {
  if (/bearer|basic/i.test(text)) findSchemes(text, found);
  if (text.includes('eyJ')) findWebTokens(text, found);
  if (/PRIVATE[ +]KEY/.test(text)) findPrivateKeys(text, found);
  if (text.includes('://') && text.includes('@')) findInAddresses(text, found);
  if (/\b(?:curl|wget|http)\b/i.test(text) && /-u/.test(text)) findUsers(text, found);
  if (/\b(?:passw|identified\s)/i.test(text)) findInQueries(text, found);
}

const SCHEMES = /(?<![A-Za-z0-9])(bearer|basic)([\s+]{1,20}|:\s{0,5})([\w\-.~+/]{4,}={0,2})/gi;
/** A lower-case word, as it follows "bearer" in a sentence. */
const PROSE = /^[a-z]{1,16}[.]?$/;

function findSchemes(text: string, found: Found): void {
  eachMatch(SCHEMES, text, (match) => {
    const [whole, scheme = '', gap = '', token = ''] = match;
    const end = match.index + whole.length;
    const start = end - token.length;
    const isToken =
      scheme.toLowerCase() === 'basic'
        ? isUserAndPassword(token)
        : token.length >= 8 &&
          (!PROSE.test(token) ||
            /(?:authorization|auth)["'\\]*\s*[:=]\s*["'\\]*$/i.test(
              text.slice(Math.max(0, match.index - 30), match.index),
            ));
    if (isToken && /^\s/.test(gap) && gap !== ' ') found(start - gap.length, end, ' ');
    else if (isToken) found(start, end);
  });
}

/** "Basic" is also a word. What follows is a secret if it is Base64 of `user:password`, whatever comes after that. */
function isUserAndPassword(given: string): boolean {
  const token = given
    .replace(/[_.~=-]+$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  return [token, token.slice(0, token.length & ~3)].some((text) => {
    try {
      return /^[\x20-\x7e\x80-\xff]*:/.test(globalThis.atob(text));
    } catch {
      return false;
    }
  });
}

const SEGMENT = /[\w-]{11,}/g;
const NEXT_SEGMENTS = /\.[\w-]{8,}(?:\.[\w-]*)?(?:\.[\w-]*)?(?:\.[\w-]*)?/y;

/** Reads each run of characters once, wherever in it the token starts. */
function findWebTokens(text: string, found: Found): void {
  eachMatch(SEGMENT, text, ({ 0: run, index }) => {
    const head = run.indexOf('eyJ');
    if (head < 0 || run.length - head < 11) return;
    NEXT_SEGMENTS.lastIndex = index + run.length;
    const rest = NEXT_SEGMENTS.exec(text)?.[0];
    if (rest !== undefined) found(index + head, index + run.length + rest.length);
  });
}

const KEY_BEGINS = /-{4,5}[ +]?BEGIN[ +][A-Z0-9 +]{0,60}PRIVATE[ +]KEY(?:[ +]BLOCK)?[ +]?-{4,5}/g;
const KEY_ENDS = /-{4,5}[ +]?END[ +][A-Z0-9 +]{0,60}PRIVATE[ +]KEY(?:[ +]BLOCK)?[ +]?-{4,5}/g;

/**
 * Finds private keys from their first to their last line. A key that was cut ends at the end of the text, or starts at
 * its start. In a form, a space is a `+`.
 */
function findPrivateKeys(text: string, found: Found): void {
  let from = 0;
  for (;;) {
    KEY_BEGINS.lastIndex = from;
    KEY_ENDS.lastIndex = from;
    const begin = KEY_BEGINS.exec(text);
    if (begin) KEY_ENDS.lastIndex = from === 0 ? 0 : begin.index;
    let end = KEY_ENDS.exec(text);
    if (end && begin && end.index < begin.index) {
      found(from, end.index + end[0].length);
      KEY_ENDS.lastIndex = begin.index;
      end = KEY_ENDS.exec(text);
    }
    if (!begin) {
      if (end) found(from, end.index + end[0].length);
      return;
    }
    from = end ? end.index + end[0].length : text.length;
    found(begin.index, from);
    if (!end) return;
  }
}

/** Finds `://user:password@host`, also with `@`, `/` and `%` in the password. A URL ends where the next one starts. */
function findInAddresses(text: string, found: Found): void {
  for (let at = text.indexOf('://'); at >= 0; ) {
    const start = at + 3;
    const next = text.indexOf('://', start);
    const area = text.slice(start, next < 0 ? text.length : next);
    const address = area.slice(0, Math.max(0, /[\s"'`<>\\|{}^]|$/.exec(area)?.index ?? 0));
    const slash = /[/?#]/.exec(address)?.index ?? address.length;
    const colon = address.indexOf(':');
    // A port is followed by a path; a password that contains a slash is followed by its host.
    const authority =
      address.lastIndexOf('@', slash) >= 0 || /^:\d*(?:[/?#]|$)/.test(address.slice(colon))
        ? address.slice(0, slash)
        : address;
    const host = authority.lastIndexOf('@');
    if (host > 0) {
      const isPair = colon >= 0 && colon < host && colon <= slash;
      const user = address.slice(0, isPair ? colon : host);
      // A token in place of the user: `https://{token}@github.com`, `https://{token}:x-oauth-basic@github.com`.
      const isToken = /^[\w.-]{20,}$/.test(user) && /\d/.test(user);
      if (isPair) found(start + colon + 1, start + host);
      if (isToken && (!isPair || /^x-oauth-basic$|^$/i.test(address.slice(colon + 1, host))))
        found(start, start + user.length);
    }
    at = next;
  }
}

const USERS = /(?:\s-u|--(?:proxy-)?user)(?:\s{1,10}|=)["']?([^\s:"']{0,100}):([^\s"']{1,200})/g;

/** Finds `curl -u user:password`, but not `docker run -u 1000:1000`. */
function findUsers(text: string, found: Found): void {
  eachMatch(USERS, text, ({ 0: whole, 1: user = '', 2: password = '', index }) => {
    const end = index + whole.length;
    if (!/^\d*$/.test(user) || !/^\d+$/.test(password)) found(end - password.length, end);
  });
}

const IN_QUERIES =
  /\b(?:password|passwd|identified\s{1,20}(?:with\s{1,20}\S{1,40}\s{1,20})?by(?:\s{1,20}password)?)\s{1,20}[EN]?(['"])/gi;

/** Finds `ALTER USER ada WITH PASSWORD '…'` and `IDENTIFIED BY '…'`. */
function findInQueries(text: string, found: Found): void {
  eachMatch(IN_QUERIES, text, (match) => {
    const start = match.index + match[0].length;
    const end = text.indexOf(match[1] as string, start);
    found(start, end < 0 ? text.length : end);
    IN_QUERIES.lastIndex = end < 0 ? text.length : end;
  });
}
