import { ask, redirectOf, shownAddress, withCredentials } from '../../address.ts';
import { timeoutSignal } from '../../time-limit.ts';
import { deduplicateSpans, type RecordedSpan } from '../span.ts';
import { MAX_ANSWER_BYTES, MAX_ANSWERS_BYTES, readAnswer, TooLarge } from './answer-text.ts';
import { excerpt } from './excerpt.ts';
import { isObject, type JsonObject } from './otlp-span.ts';

/** How a backend is asked. */
export interface BackendOptions {
  /** Sent with each request: a token, a tenant. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * How far to look back, in milliseconds.
   * @defaultValue 7 days: the most that Tempo allows by itself
   */
  readonly lookBackMs?: number | undefined;
  /**
   * How long one answer may take, in milliseconds; `Infinity` for as long as it takes.
   * @defaultValue 30 seconds
   */
  readonly timeoutMs?: number | undefined;
}

/** Which session to read. */
export interface SessionQuery extends BackendOptions {
  /** Its `session.id`. */
  readonly sessionId: string;
}

/** Which sessions to read. */
export interface RecentQuery extends BackendOptions {
  /**
   * How many sessions, the newest first.
   * @defaultValue 20
   */
  readonly limit?: number | undefined;
}

/** What a backend had. */
export interface BackendSpans {
  /** All spans of the traces in which the session is; those of other sessions in the same traces, too. */
  readonly spans: readonly RecordedSpan[];
  /** What could not be read of it. May hold text of the backend: print it through {@link printable}. */
  readonly problems: readonly string[];
}

/** A backend that cannot be asked, or that answers something else: what was given, what was expected, what to do. */
export class BackendError extends Error {
  /** `BackendError` */
  override readonly name: string = 'BackendError';
}

/** How many sessions, where nobody says. */
export const RECENT = 20;
/** How much is told of what a backend says about an error. */
export const MAX_REASON = 200;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
/** Clocks of several machines differ: what is a little ahead of ours is looked for, too. */
const AHEAD_MS = 60_000;
const TIMEOUT_MS = 30_000;
/** A backend on one machine shall not be asked everything at once. */
const AT_ONCE = 4;
/** How many traces are asked for: no backend says that there would have been more, so a full answer is asked again. */
const DEPTHS = [100, 1_000, 10_000];

/** What is asked and what came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One backend, asked by HTTP. */
export class Backend {
  readonly #name: string;
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #lookBackMs: number;
  readonly #expected: string;
  #bytesLeft = MAX_ANSWERS_BYTES;

  /** @param usual - the address that it has by default */
  constructor(name: string, usual: string, url: string, options: BackendOptions) {
    this.#name = name;
    this.#expected = `expected the address of ${name}'s API, such as ${usual}`;
    this.#base = this.#parse(url);
    const { headers } = withCredentials(this.#base.href);
    this.#headers = { accept: 'application/json', ...headers, ...options.headers };
    this.#timeoutMs = numberOr(TIMEOUT_MS, options.timeoutMs);
    this.#lookBackMs = numberOr(WEEK_MS, options.lookBackMs);
  }

  /** From when to when to look, in Unix milliseconds. */
  range(): { readonly from: number; readonly to: number } {
    const to = Date.now() + AHEAD_MS;
    return { from: Math.max(0, to - this.#lookBackMs), to };
  }

  /** The JSON object that it answers. */
  async object(path: string, query: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    const answer = await this.ask(path, query);
    if (answer.status !== 200) throw this.refused(path, answer);
    const parsed = parse(answer.text);
    if (!isObject(parsed)) throw this.notUnderstood(path, answer);
    return parsed;
  }

  async ask(path: string, query: Readonly<Record<string, string>>): Promise<Answer> {
    const search = new URLSearchParams(query).toString();
    const address = `${this.#base.origin}${this.#base.pathname.replace(/\/+$/, '')}${path}${search && `?${search}`}`;
    try {
      const signal = timeoutSignal(this.#timeoutMs);
      const response = await ask(address, { headers: this.#headers, signal });
      const elsewhere = redirectOf(response, address);
      if (elsewhere !== undefined) throw this.#redirected(elsewhere);
      const { text, bytes } = await readAnswer(response, Math.min(MAX_ANSWER_BYTES, this.#bytesLeft));
      this.#bytesLeft -= bytes;
      return { status: response.status, text };
    } catch (error) {
      if (error instanceof BackendError) throw error;
      if (error instanceof TooLarge) {
        throw new BackendError(
          `${this.#where} answers too much: ${error.message}; look back less far, or ask for less`,
        );
      }
      throw new BackendError(
        `${this.#where} does not answer: ${this.#reason(error)}; ${this.#expected}; does it run?`,
        {
          cause: error,
        },
      );
    }
  }

  refused(path: string, { status, text }: Answer): BackendError {
    const hints: Readonly<Record<number, string>> = {
      401: '; it wants a token: give it as a header',
      403: '; it wants another token: give it as a header',
      404: `; ${this.#expected}`,
    };
    return new BackendError(
      `${this.#where} answered ${status} to ${path}: ${messageOf(text) ?? (text.trim().slice(0, MAX_REASON) || 'nothing')}${hints[status] ?? ''}`,
    );
  }

  notUnderstood(path: string, { text }: Answer): BackendError {
    return new BackendError(
      `${this.#where} answered to ${path} what is none of its answers: ${excerpt(text.trim())}; ${this.#expected}`,
    );
  }

  /** The headers are meant for the address that was given, and for nobody else. */
  #redirected(address: string): BackendError {
    const to = shownAddress(address);
    return new BackendError(
      `${this.#where} redirects to ${to}, which is not asked; name the address itself, if you trust it`,
    );
  }

  get #where(): string {
    return `${this.#name} at ${this.#base.origin}${this.#base.pathname.replace(/\/+$/, '')}`;
  }

  #parse(url: string): URL {
    const address = /^[a-z]+:\/\//i.test(url) ? url : `http://${url}`;
    const parsed = URL.canParse(address) ? new URL(address) : undefined;
    if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
      throw new BackendError(`${this.#expected}, got ${excerpt(shownAddress(url))}`);
    }
    return parsed;
  }

  #reason(error: unknown): string {
    const { name, message, cause } = Object(error) as Error & { cause?: { code?: string; message?: string } };
    if (name === 'TimeoutError') return `no answer within ${this.#timeoutMs / 1000} s`;
    if (cause?.code === 'ECONNREFUSED') return 'nobody listens there';
    if (cause?.code === 'ENOTFOUND') return 'there is no such host';
    // It would repeat the value, which may be a token.
    if (/header/i.test(message)) return 'a header has characters that HTTP cannot send';
    return cause?.message || message;
  }
}

/** Asks for more and more until the answer is not full. `enough` ends it earlier. */
export async function readAll<Found>(
  ask: (depth: number) => Promise<Found>,
  countTraces: (found: Found) => number,
  enough: (found: Found) => boolean = () => false,
): Promise<{ readonly found: Found; readonly isCut: boolean }> {
  let last: { found: Found; isCut: boolean } | undefined;
  for (const depth of DEPTHS) {
    try {
      const found = await ask(depth);
      last = { found, isCut: countTraces(found) >= depth };
    } catch (error) {
      // Backends have limits of their own: what a smaller question brought stays.
      if (last === undefined) throw error;
      return last;
    }
    if (!last.isCut || enough(last.found)) break;
  }
  return last as { found: Found; isCut: boolean };
}

/** A few at a time, the results in the order of the items. */
export async function mapSome<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(map))));
  }
  return results;
}

export function together(parts: readonly BackendSpans[]): BackendSpans {
  return {
    spans: deduplicateSpans(parts.flatMap(({ spans }) => spans)),
    problems: [...new Set(parts.flatMap(({ problems }) => problems))],
  };
}

export function withProblem({ spans, problems }: BackendSpans, problem: string): BackendSpans {
  return { spans, problems: [...problems, problem] };
}

function numberOr(usual: number, given: unknown): number {
  return typeof given === 'number' && !Number.isNaN(given) ? given : usual;
}

/** A time as backends write it; 0 where it is none. */
export function digits(value: unknown): bigint {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

/** The id of a trace as it may stand in a path; `undefined` where it is none. */
export function traceIdOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{1,32}$/i.test(value)
    ? value.toLowerCase().padStart(32, '0')
    : undefined;
}

/** Jaeger wraps what it has to say; `undefined` where nothing is wrapped. */
export function messageOf(text: string): string | undefined {
  const answer = parse(text);
  const error = isObject(answer) ? answer.error : undefined;
  return isObject(error) && typeof error.message === 'string' ? error.message.slice(0, MAX_REASON) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
