import { context as contextApi } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { member, overlay } from './members.ts';
import { type Reading, read } from './reading.ts';

type Then = (this: unknown, ...given: unknown[]) => unknown;
type CompleteWith = (value: unknown, completion: Completion) => void;

/** It has a `then`, or a getter for one, which nobody asks before the app does. */
export function isPromiseLike(value: object): boolean {
  const then = 'then' in value ? member(value, 'then') : undefined;
  return then !== undefined && (typeof then.value === 'function' || then.get !== undefined);
}

/**
 * A promise-like that is no plain promise may be lazy (a query builder runs at each `then`) or carry more than `then`
 * (a client's response promise): it stays the same object, and whoever awaits it tells us. Its work happens inside the
 * scope that it was made in, what follows in the scope of who awaits it.
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
        // None where there was none: who assigns to it gets the error that they would get.
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

/** What throws instead of rejecting, fails the span all the same. */
function orFail<T>(reading: Reading, step: () => T): T {
  try {
    return step();
  } catch (error) {
    reading.failed(error);
    throw error;
  }
}
