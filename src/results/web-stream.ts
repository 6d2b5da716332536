import { context as contextApi } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { lookUp, member, method, overlay } from './members.ts';
import { type Reading, read } from './reading.ts';

/**
 * Where web streams of Node and Deno keep the promise of their end. `finished` of node:stream uses the same promise,
 * but reports a turn later, when enclosing scopes may have ended. In other runtimes the end cannot be observed without
 * reading the stream.
 */
const CLOSED = Symbol.for('nodejs.webstream.isClosedPromise');

export function isWebStream(value: object): boolean {
  return closedOf(value) !== undefined;
}

function closedOf(stream: object): PromiseLike<void> | undefined {
  if (!(CLOSED in stream)) return undefined;
  // A field in Node 20 and 22, a getter in later versions.
  const found = member(stream, CLOSED);
  const closed: { promise?: PromiseLike<void> } | undefined = found?.get ? found.get.call(stream) : found?.value;
  return typeof closed?.promise?.then === 'function' ? closed.promise : undefined;
}

/** The body of an object that identifies as a `Response` and has not been read yet. */
export function bodyOf(value: object): object | undefined {
  if (!('bodyUsed' in value)) return undefined;
  // Where the end cannot be observed, the body is not read at all: some runtimes create the stream only on access.
  if (!(CLOSED in new ReadableStream())) return undefined;
  const { found: tag, depth } = lookUp(value, Symbol.toStringTag);
  if ((tag?.get ? tag.get.call(value) : tag?.value) !== 'Response') return undefined;
  // A class in front of the real one creates the body only on access.
  if (lookUp(value, 'body').depth < depth) return keptBody(value);
  const { body } = value as { readonly body?: unknown };
  return isObject(body) ? body : undefined;
}

/**
 * The response of @hono/node-server keeps its arguments in a list. It sends a text differently from a real response,
 * which it creates and keeps, too, when other members are read.
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

/** Streams whose end is observed: a stream gets one listener, however often it is returned. */
const listenedTo = new WeakSet<object>();
/** Streams that were cancelled by their own `cancel`. */
const cancelled = new WeakSet<object>();

/** Watches a web stream without reading or locking it. */
export function onWebStream(stream: object, completion: Completion): void {
  read(stream, completion, (reading) => {
    const cancel = method(stream, 'cancel');
    if (!cancel) throw new TypeError('no cancel');
    const watched = function (this: unknown, ...given: unknown[]): unknown {
      // A locked stream rejects `cancel`.
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
