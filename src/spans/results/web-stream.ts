import { context as contextApi } from '@opentelemetry/api';
import type { Awaiting } from './awaiting.ts';
import { member, overlay } from './members.ts';
import { read } from './reading.ts';

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
  const { promise } = (stream as { [CLOSED]?: { promise?: PromiseLike<void> } })[CLOSED] ?? {};
  return typeof promise?.then === 'function' ? promise : undefined;
}

/** The body of what calls itself a `Response`, and has not been read yet. */
export function bodyOf(value: object): object | undefined {
  if (!('bodyUsed' in value)) return undefined;
  // Where nobody could tell when it ends, it is not even touched: some runtimes make a stream only of what is asked for.
  if (!(CLOSED in new ReadableStream())) return undefined;
  const tag = member(value, Symbol.toStringTag);
  if ((tag?.get ? tag.get.call(value) : tag?.value) !== 'Response') return undefined;
  const { body } = value as { readonly body?: unknown };
  return typeof body === 'object' && body !== null ? body : undefined;
}

/** Neither read nor locked; `result` is what the app got: the stream, or the response that it is the body of. */
export function onWebStream(stream: object, result: object, awaiting: Awaiting): void {
  read(stream, awaiting, (reading) => {
    const { cancel } = stream as ReadableStream<unknown>;
    let isCancelled = false;
    const { context } = awaiting;
    const watched = function (this: ReadableStream<unknown>, ...given: [unknown?]): Promise<void> {
      // A stream that somebody reads refuses to be cancelled.
      if (!this.locked) isCancelled = true;
      return contextApi.with(context, cancel, this, ...given);
    };
    reading.added(overlay(stream, 'cancel', { value: watched }));
    closedOf(stream)?.then(
      () => (isCancelled ? reading.cancelled() : reading.done(result)),
      (error: unknown) => reading.failed(error),
    );
  });
}
