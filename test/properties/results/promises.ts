import { asyncBody, elsewhere } from './bodies.ts';
import { fault, type Kind, locked, work } from './kind.ts';
import { Lazy, type OnValue, thenable } from './thenables.ts';

class Subclass<T> extends Promise<T> {
  asResponse(): string {
    return 'raw';
  }
}

function split<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Promises, and what can be awaited like one. */
export const PROMISES: Readonly<Record<string, Kind>> = {
  'function with a then': {
    family: 'promise-like',
    make: (world, script) =>
      Object.assign(
        () => 1,
        thenable(world, (onValue, onError) => work(world, script).then(onValue, onError)),
      ),
  },
  promise: { family: 'promise', make: (world, script) => work(world, script) },
  'resolved promise': { family: 'promise', make: () => Promise.resolve('at once') },
  'rejected promise': { family: 'promise', make: (world, script) => Promise.reject(fault(world, script)) },
  'promise with members': {
    family: 'promise',
    make: (world, script) => Object.assign(work(world, script), { id: 7, cancel: () => 'cancelled' }),
  },
  'promise of another realm': {
    family: 'promise',
    make: (world, script) => elsewhere.promise(() => work(world, script)),
  },
  'frozen promise': { family: 'promise', make: (world, script) => Object.freeze(work(world, script)) },
  'promise with a getter': {
    family: 'promise',
    make: (world, script) =>
      Object.defineProperty(work(world, script), 'usage', {
        get: () => {
          world.journal.say('usage was read');
          return 3;
        },
        enumerable: true,
        configurable: true,
      }),
  },
  subclass: {
    family: 'promise-like',
    make: (world, script) => {
      const { promise, resolve, reject } = split<unknown>();
      work(world, script).then(resolve, reject);
      return locked(new Subclass((onValue, onError) => void promise.then(onValue, onError)), script);
    },
  },
  'promise with a then of its own': {
    family: 'promise-like',
    make: (world, script) => {
      const promise = work(world, script);
      promise.catch(() => {});
      return Object.defineProperty(promise, 'then', {
        configurable: true,
        writable: true,
        enumerable: false,
        value(onValue: OnValue, onError: OnValue) {
          world.journal.say('own then');
          return Promise.prototype.then.call(promise, onValue as never, onError as never);
        },
      });
    },
  },
  lazy: { family: 'promise-like', make: (world, script) => locked(new Lazy(world, script), script) },
  eager: {
    family: 'promise-like',
    make: (world, script) => {
      const promise = work(world, script);
      promise.catch(() => {});
      return locked(
        thenable(world, (onValue, onError) => promise.then(onValue, onError)),
        script,
      );
    },
  },
  'settles at once': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, (onValue, onError) => {
        if (script.end === 'return') onValue('at once');
        else onError(fault(world, script));
      }),
  },
  'settles twice': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, (onValue, onError) => {
        if (script.items % 2) {
          onValue('first');
          onValue('second');
          onError(fault(world, script));
        } else {
          onError(fault(world, script));
          onValue('second');
        }
      }),
  },
  'settles and throws': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, (onValue) => {
        onValue('first');
        throw fault(world, script);
      }),
  },
  'never settles': { family: 'promise-like', make: (world) => thenable(world, () => undefined) },
  'then throws': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, () => {
        throw fault(world, script);
      }),
  },
  'one listener only': {
    family: 'promise-like',
    make: (world, script) => {
      let heard = 0;
      return thenable(world, (onValue, onError) => {
        if (heard++ > 0) throw world.journal.name(new Error('taken'), 'taken');
        void work(world, script).then(onValue, onError);
      });
    },
  },
  'calls back with a thenable': {
    family: 'promise-like',
    make: (world, script) => thenable(world, (onValue) => onValue(new Lazy(world, script))),
  },
  'getter of then': {
    family: 'promise-like',
    make: (world, script) => {
      let asked = 0;
      return Object.defineProperty({}, 'then', {
        configurable: true,
        enumerable: script.spans,
        get() {
          world.journal.say(`then was read, ${++asked}`);
          return (onValue: never, onError: never) => work(world, script).then(onValue, onError);
        },
      });
    },
  },
  'getter of then that throws': {
    family: 'promise-like',
    make: (world, script) =>
      Object.defineProperty({}, 'then', {
        configurable: true,
        get() {
          world.journal.say('then was read');
          throw fault(world, script);
        },
      }),
  },
  'getter of then that gives none': {
    family: 'promise-like',
    counts: true,
    make: (world) =>
      Object.defineProperty({}, 'then', {
        configurable: true,
        get() {
          world.journal.say('then was read');
          return undefined;
        },
      }),
  },
  'getter on the prototype': {
    family: 'promise-like',
    make: (world, script) =>
      new (class Builder {
        readonly #script = script;
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        get then() {
          world.journal.say('then was read');
          return (onValue: never, onError: never) => work(world, this.#script).then(onValue, onError);
        }
      })(),
  },
  'thenable and iterable': {
    family: 'promise-like',
    make: (world, script) => {
      const query = thenable(world, (onValue, onError) => work(world, script).then(onValue, onError));
      return Object.assign(query, { [Symbol.asyncIterator]: () => asyncBody(world, script) });
    },
  },
};
