import { context as contextApi } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { member, overlay } from './members.ts';
import { type Reading, read } from './reading.ts';

type Then = (this: unknown, ...given: unknown[]) => unknown;
type CompleteWith = (value: unknown, completion: Completion) => void;

/** Whether it has a `then`, or a getter for one. The getter is not called before the app calls it. */
export function isPromiseLike(value: object): boolean {
  const then = 'then' in value ? member(value, 'then') : undefined;
  return then !== undefined && (typeof then.value === 'function' || then.get !== undefined);
}

/**
 * A promise-like that is not a plain promise may be lazy (a query builder runs at each `then`) or have more members
 * than `then` (a client's response promise). So it stays the same object, and the scope learns of its end when the app
 * awaits it. Its work runs inside the scope that created it; the callbacks of `then` run in the scope of the code that
 * awaits.
 */
export function onPromiseLike(value: object, completion: Completion, completeWith: CompleteWith): void {
  read(value, completion, (reading) => {
    const then = member(value, 'then') as PropertyDescriptor;
    const watched = (original: unknown): unknown =>
      typeof original === 'function' ? watchedThen(original as Then, reading, completeWith) : original;
    if (!then.get) {
      reading.added(overlay(value, 'then', { value: watched(then.value) }));
      return;
    }
    const { get, set } = then;
    reading.added(
      overlay(value, 'then', {
        get(this: unknown) {
          let original: unknown;
          try {
            original = get.call(this);
          } catch (error) {
            reading.failed(error);
            throw error;
          }
          if (typeof original !== 'function') reading.done(value);
          return watched(original);
        },
        // No setter where there was none: an assignment then throws the same error as without Baton.
        set,
      }),
    );
  });
}

function watchedThen(then: Then, reading: Reading, completeWith: CompleteWith): Then {
  return function (this: unknown, ...given: unknown[]): unknown {
    const { context } = reading;
    if (!context) return then.apply(this, given);
    const outside = contextApi.active();
    const [onValue, onError, ...more] = given;
    const answer = (value: unknown): unknown => {
      for (const each of reading.close()) completeWith(value, each);
      return typeof onValue === 'function' ? contextApi.with(outside, () => onValue(value)) : value;
    };
    const refuse = (error: unknown): unknown => {
      reading.failed(error);
      if (typeof onError === 'function') return contextApi.with(outside, () => onError(error));
      throw error;
    };
    reading.progress.asked();
    return contextApi.with(context, () => orFail(reading, () => then.call(this, answer, refuse, ...more)));
  };
}

/** A `then` that throws instead of rejecting fails the span, too. */
function orFail<T>(reading: Reading, step: () => T): T {
  try {
    return step();
  } catch (error) {
    reading.failed(error);
    throw error;
  }
}
