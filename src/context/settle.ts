import { type Context, context as contextApi } from '@opentelemetry/api';

/** What waits for a callback's result: told once, how it went. */
export interface Awaiting {
  readonly context: Context;
  end(): void;
  fail(error: unknown): void;
}

/**
 * Ends `awaiting` when the result has settled, and gives the result back: a value at once, a promise when it settles, a
 * stream or an async generator when it is read to its end, fails, is cancelled or is given up.
 */
export function settle<T>(result: T, awaiting: Awaiting): T {
  if (typeof result !== 'object' || result === null) {
    awaiting.end();
    return result;
  }
  if (result.constructor === Promise || isForeignPromise(result)) return settlePromise(result, awaiting);
  return settleObject(result, awaiting);
}

function settlePromise<T extends object>(promise: T, awaiting: Awaiting): T {
  return (promise as unknown as Promise<unknown>).then(
    (value) => {
      if (typeof value === 'object' && value !== null) return settleObject(value, awaiting);
      awaiting.end();
      return value;
    },
    (error: unknown) => {
      awaiting.fail(error);
      throw error;
    },
  ) as unknown as T;
}

function settleObject<T extends object>(value: T, awaiting: Awaiting): T {
  try {
    if (typeof (value as Partial<PromiseLike<unknown>>).then === 'function') return onThen(value, awaiting);
    if (typeof (value as Partial<ReadableStream>).getReader === 'function') return onWebStream(value, awaiting);
    if (typeof (value as Partial<NodeStream>).pipe === 'function') return onNodeStream(value, awaiting);
    if (typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function') {
      return onAsyncIterable(value, awaiting);
    }
  } catch {
    // A frozen or exotic object: the result matters more than the end of the span.
  }
  awaiting.end();
  return value;
}

/** A promise of another realm (a vm context): `await` there goes past an own `then`. */
function isForeignPromise(value: object): boolean {
  return value.constructor?.name === 'Promise' && Object.prototype.toString.call(value) === '[object Promise]';
}

/**
 * A promise-like that is no plain promise may be lazy (a query builder runs at each `then`) or carry more than `then`
 * (a client's response promise): it stays the same object, and whoever awaits it tells us.
 */
function onThen<T extends object>(thenable: T, awaiting: Awaiting): T {
  const { then } = thenable as unknown as PromiseLike<unknown>;
  own(thenable, 'then', function (this: unknown, onValue?: unknown, onError?: unknown) {
    return then.call(
      this as PromiseLike<unknown>,
      (value) => {
        awaiting.end();
        return typeof onValue === 'function' ? onValue(value) : value;
      },
      (error: unknown) => {
        awaiting.fail(error);
        if (typeof onError === 'function') return onError(error);
        throw error;
      },
    );
  });
  return thenable;
}

/** Spans of streams that nobody finished end when the stream is collected; where the runtime cannot tell, with the session. */
const abandoned =
  typeof FinalizationRegistry === 'function' ? new FinalizationRegistry<Awaiting>((held) => held.end()) : undefined;

function onAsyncIterable<T extends object>(iterable: T, awaiting: Awaiting): T {
  const source = iterable as unknown as AsyncIterable<unknown> & Partial<AsyncIterator<unknown>>;
  abandoned?.register(iterable, awaiting);
  if (typeof source.next === 'function') {
    // An async generator is its own iterator.
    watch(source as AsyncIterator<unknown>, awaiting);
    return iterable;
  }
  const iterate = source[Symbol.asyncIterator];
  own(iterable, Symbol.asyncIterator, function (this: AsyncIterable<unknown>) {
    return watch(contextApi.with(awaiting.context, iterate, this), awaiting);
  });
  return iterable;
}

function watch(iterator: AsyncIterator<unknown>, awaiting: Awaiting): AsyncIterator<unknown> {
  for (const method of ['next', 'return', 'throw'] as const) {
    const original = iterator[method] as ((argument?: unknown) => Promise<IteratorResult<unknown>>) | undefined;
    if (!original) continue;
    own(iterator, method, (...given: []) =>
      // The body of a generator runs in the context of whoever asks for the next value: give it the scope's own.
      Promise.resolve(contextApi.with(awaiting.context, original, iterator, ...given)).then(
        (step) => {
          if (step.done || method === 'return') awaiting.end();
          return step;
        },
        (error: unknown) => {
          awaiting.fail(error);
          throw error;
        },
      ),
    );
  }
  return iterator;
}

interface NodeStream {
  pipe(to: unknown): unknown;
  once(event: string, listener: (error?: unknown) => void): unknown;
  readonly errored?: unknown;
}

/** No `error` listener: it would swallow what the app does not handle. `close` comes after an error, too. */
function onNodeStream<T extends object>(stream: T, awaiting: Awaiting): T {
  const source = stream as unknown as NodeStream;
  const done = (): void => {
    if (source.errored) awaiting.fail(source.errored);
    else awaiting.end();
  };
  source.once('end', done);
  source.once('close', done);
  return stream;
}

/** A web stream shows nobody when it ends, so its reader is ours and the app gets a stream of the same chunks. */
function onWebStream<T extends object>(stream: T, awaiting: Awaiting): T {
  const reader = (stream as unknown as ReadableStream<unknown>).getReader();
  const copy = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await contextApi.with(awaiting.context, () => reader.read());
          if (done) {
            awaiting.end();
            controller.close();
          } else controller.enqueue(value);
        } catch (error) {
          awaiting.fail(error);
          controller.error(error);
        }
      },
      async cancel(reason) {
        awaiting.end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  abandoned?.register(copy, awaiting);
  return copy as unknown as T;
}

function own(target: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}
