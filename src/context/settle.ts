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
  try {
    return isPlainPromise(result) ? settlePromise(result, awaiting) : settleObject(result, awaiting);
  } catch {
    // A frozen, revoked or exotic object: the result matters more than the end of the span.
    awaiting.end();
    return result;
  }
}

/** Also of another realm (a vm context): `await` there goes past an own `then`. */
function isPlainPromise(value: object): boolean {
  if (value.constructor === Promise) return true;
  return value.constructor?.name === 'Promise' && Object.prototype.toString.call(value) === '[object Promise]';
}

/** A promise of the same value: one that only listens would make a rejection that nobody handles look handled. */
function settlePromise<T extends object>(promise: T, awaiting: Awaiting): T {
  const settled = (promise as unknown as Promise<unknown>).then(
    (value) => {
      if (typeof value === 'object' && value !== null) return settleValue(value, awaiting);
      awaiting.end();
      return value;
    },
    (error: unknown) => {
      awaiting.fail(error);
      throw error;
    },
  ) as unknown as T;
  // What a client hung on its promise (`cancel`, an id) comes along.
  for (const name in promise) {
    if (Object.hasOwn(promise, name)) own(settled, name, promise[name]);
  }
  return settled;
}

function settleValue<T extends object>(value: T, awaiting: Awaiting): T {
  try {
    return settleObject(value, awaiting);
  } catch {
    awaiting.end();
    return value;
  }
}

function settleObject<T extends object>(value: T, awaiting: Awaiting): T {
  if (typeof (value as Partial<PromiseLike<unknown>>).then === 'function') return onThen(value, awaiting);
  if (isWebStream(value)) return onWebStream(value, awaiting);
  if (typeof (value as Partial<NodeStream>).pipe === 'function') return onNodeStream(value, awaiting);
  if (typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function') {
    return onAsyncIterable(value, awaiting);
  }
  awaiting.end();
  return value;
}

/**
 * A promise-like that is no plain promise may be lazy (a query builder runs at each `then`) or carry more than `then`
 * (a client's response promise): it stays the same object, and whoever awaits it tells us. Its work happens inside the
 * scope that it was made in, what follows in the scope of who awaits it.
 */
function onThen<T extends object>(thenable: T, awaiting: Awaiting): T {
  const { then } = thenable as unknown as PromiseLike<unknown>;
  // Everybody who awaits it gets the same stream.
  const settled = new WeakMap<object, object>();
  own(thenable, 'then', function (this: unknown, onValue?: unknown, onError?: unknown) {
    const outside = contextApi.active();
    const answer = (value: unknown): unknown => {
      let given: unknown = value;
      if (typeof value === 'object' && value !== null) {
        given = settled.get(value) ?? settleValue(value, awaiting);
        settled.set(value, given as object);
      } else awaiting.end();
      return typeof onValue === 'function' ? contextApi.with(outside, () => onValue(given)) : given;
    };
    const refuse = (error: unknown): unknown => {
      awaiting.fail(error);
      if (typeof onError === 'function') return contextApi.with(outside, () => onError(error));
      throw error;
    };
    return contextApi.with(awaiting.context, () => then.call(this as PromiseLike<unknown>, answer, refuse));
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
    const iterator = orFail(awaiting, () => contextApi.with(awaiting.context, iterate, this));
    return watch(iterator, awaiting);
  });
  return iterable;
}

function watch(iterator: AsyncIterator<unknown>, awaiting: Awaiting): AsyncIterator<unknown> {
  for (const method of ['next', 'return', 'throw'] as const) {
    const original = iterator[method] as ((argument?: unknown) => Promise<IteratorResult<unknown>>) | undefined;
    if (!original) continue;
    own(iterator, method, (...given: []) =>
      // The body of a generator runs in the context of whoever asks for the next value: give it the scope's own.
      Promise.resolve(orFail(awaiting, () => contextApi.with(awaiting.context, original, iterator, ...given))).then(
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

/** What throws instead of rejecting, fails the span all the same. */
function orFail<T>(awaiting: Awaiting, step: () => T): T {
  try {
    return step();
  } catch (error) {
    awaiting.fail(error);
    throw error;
  }
}

interface NodeStream {
  pipe(to: unknown): unknown;
  once(event: string, listener: (error?: unknown) => void): unknown;
  readonly errored?: unknown;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
}

/** No `error` listener: it would swallow what the app does not handle. `close` comes after an error, too. */
function onNodeStream<T extends object>(stream: T, awaiting: Awaiting): T {
  const source = stream as unknown as NodeStream;
  const done = (): void => {
    if (source.errored) awaiting.fail(source.errored);
    else awaiting.end();
  };
  if (source.closed || source.destroyed || source.readableEnded) done();
  source.once('end', done);
  source.once('close', done);
  return stream;
}

function isWebStream(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object ReadableStream]';
}

/** A web stream shows nobody when it ends, so its reader is ours and the app gets a stream of the same chunks. */
function onWebStream<T extends object>(stream: T, awaiting: Awaiting): T {
  const source = stream as unknown as ReadableStream<unknown>;
  const bytes = isByteStream(source);
  const reader = source.getReader();
  const pull = async (controller: Controller): Promise<void> => {
    try {
      const { done, value } = await contextApi.with(awaiting.context, () => reader.read());
      if (!done) return controller.enqueue(value as never);
      awaiting.end();
      controller.close();
      // A reader that brought its own buffer waits for an answer.
      controller.byobRequest?.respond(0);
    } catch (error) {
      awaiting.fail(error);
      controller.error(error);
    }
  };
  const cancel = async (reason: unknown): Promise<void> => {
    awaiting.end();
    await reader.cancel(reason);
  };
  const copy = bytes
    ? new ReadableStream({ type: 'bytes', pull: pull as (controller: unknown) => Promise<void>, cancel })
    : new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  abandoned?.register(copy, awaiting);
  return copy as unknown as T;
}

interface Controller {
  enqueue(chunk: never): void;
  close(): void;
  error(reason: unknown): void;
  readonly byobRequest?: { respond(bytes: number): void } | null;
}

function isByteStream(stream: ReadableStream<unknown>): boolean {
  if (stream.locked) return false;
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

function own(target: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}
