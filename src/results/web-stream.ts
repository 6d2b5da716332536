import { context as contextApi } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { lookUp, member, method, overlay } from './members.ts';
import { type Reading, read } from './reading.ts';

/**
 * Where a web stream of Node and Deno keeps the promise of its end: `finished` of node:stream listens to the same one, but
 * tells a turn later, when the scopes around may be over. In other runtimes nobody can tell without reading the stream.
 */
const CLOSED = Symbol.for('nodejs.webstream.isClosedPromise');

export function isWebStream(value: object): boolean {
  return closedOf(value) !== undefined;
}

function closedOf(stream: object): PromiseLike<void> | undefined {
  if (!(CLOSED in stream)) return undefined;
  // A field in Node 20 and 22, a getter in later ones.
  const found = member(stream, CLOSED);
  const closed: { promise?: PromiseLike<void> } | undefined = found?.get ? found.get.call(stream) : found?.value;
  return typeof closed?.promise?.then === 'function' ? closed.promise : undefined;
}

/** The body of what calls itself a `Response`, and has not been read yet. */
export function bodyOf(value: object): object | undefined {
  if (!('bodyUsed' in value)) return undefined;
  // Where nobody could tell when it ends, it is not even touched: some runtimes make a stream only of what is asked for.
  if (!(CLOSED in new ReadableStream())) return undefined;
  const { found: tag, depth } = lookUp(value, Symbol.toStringTag);
  if ((tag?.get ? tag.get.call(value) : tag?.value) !== 'Response') return undefined;
  // A class in front of the one that says so makes a body only when somebody asks.
  if (lookUp(value, 'body').depth < depth) return keptBody(value);
  const { body } = value as { readonly body?: unknown };
  return isObject(body) ? body : undefined;
}

/**
 * The response of @hono/node-server keeps what it was given, in a list, and sends a text in another way than a real response, which
 * it makes and keeps as well when it is asked for more.
 */
function keptBody(value: object): object | undefined {
  for (const name of Object.getOwnPropertySymbols(value)) {
    const kept: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
    const given: unknown = Array.isArray(kept) ? kept.find((each) => isObject(each) && isWebStream(each)) : kept;
    const body = isObject(given) && !isWebStream(given) ? bodyOf(given) : given;
    if (isObject(body)) return body;
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Those whose end is listened to already: however often a stream is given, it gets one listener. */
const listenedTo = new WeakSet<object>();
/** Those that were broken off by their own `cancel`. */
const cancelled = new WeakSet<object>();

/** Neither read nor locked. */
export function onWebStream(stream: object, completion: Completion): void {
  read(stream, completion, (reading) => {
    const cancel = method(stream, 'cancel');
    if (!cancel) throw new TypeError('no cancel');
    const watched = function (this: unknown, ...given: unknown[]): unknown {
      // A stream that somebody reads refuses to be cancelled.
      if (this === stream && !(stream as ReadableStream).locked) cancelled.add(stream);
      const { context } = reading;
      return context ? contextApi.with(context, cancel, this as never, ...given) : cancel.apply(this, given);
    };
    reading.added(overlay(stream, 'cancel', { value: watched }));
    listen(stream, reading);
  });
}

function listen(stream: object, reading: Reading): void {
  if (listenedTo.has(stream)) return;
  listenedTo.add(stream);
  closedOf(stream)?.then(
    () => {
      listenedTo.delete(stream);
      if (cancelled.has(stream)) reading.cancelled();
      else reading.done(undefined);
    },
    (error: unknown) => {
      listenedTo.delete(stream);
      reading.failed(error);
    },
  );
}
