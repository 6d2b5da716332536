import { context as contextApi } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { watchedSteps } from './generator.ts';
import { method, overlay } from './members.ts';
import { type Reading, read } from './reading.ts';

/**
 * Watches an async iterable that is not a generator: the scope learns of the end from the app's own iteration. Other
 * members stay as they are, also `next`: that of a cursor returns documents, not iterator results.
 */
export function onAsyncIterable(iterable: object, completion: Completion): void {
  read(iterable, completion, (reading) => {
    const iterate = method(iterable, Symbol.asyncIterator);
    if (!iterate) throw new TypeError('no async iterable');
    const watched = function (this: unknown): unknown {
      const { context } = reading;
      if (!context) return iterate.call(this);
      let iterator: unknown;
      try {
        iterator = contextApi.with(context, iterate as () => unknown, this as never);
      } catch (error) {
        reading.failed(error);
        throw error;
      }
      return typeof iterator === 'object' && iterator !== null
        ? watchedIterator(iterator, iterator === this, reading)
        : iterator;
    };
    reading.added(overlay(iterable, Symbol.asyncIterator, { value: watched }));
  });
}

/** The iterator itself with wrapped methods; or an object in front of it, when the iterator is the result itself. */
function watchedIterator(iterator: object, isResult: boolean, reading: Reading): object {
  let steps: ReturnType<typeof watchedSteps>;
  try {
    steps = watchedSteps(iterator, true, reading);
    if (!isResult) {
      for (const [name, step] of steps) reading.added(overlay(iterator, name, { value: step }));
      return iterator;
    }
  } catch {
    // An iterator that cannot be changed, or hides its members, is read unwatched.
    return iterator;
  }
  const front = Object.create(iterator) as object;
  for (const [name, step] of steps) hide(front, name, step.bind(iterator));
  hide(front, Symbol.asyncIterator, () => front);
  return front;
}

/** Defined, not assigned: a member of a frozen prototype cannot be assigned. */
function hide(front: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(front, name, { value, writable: true, configurable: true });
}
