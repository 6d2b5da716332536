import type { Completion } from './completion.ts';
import { Reading } from './reading.ts';

type CompleteWith = (value: unknown, completion: Completion) => void;

/**
 * Whether it is a plain promise, of this realm or another (a vm context). A promise of a subclass, or with its own
 * `then`, is not plain.
 */
export function isPlainPromise(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype !== Promise.prototype && (prototype === null || !isPromisePrototype(prototype))) return false;
  return !Object.hasOwn(value, 'then');
}

function isPromisePrototype(prototype: object): boolean {
  const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag);
  if (tag?.value !== 'Promise') return false;
  const { value: made } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {};
  return typeof made === 'function' && made.name === 'Promise' && made.prototype === prototype;
}

/** With this many pending promises, an app may return one of them again and again. */
const MANY = 1_000;
let unsettled = 0;

/**
 * One promise of Baton per promise of the app, used beyond `MANY`: a promise that never settles must not collect
 * listeners.
 */
const shared = new WeakMap<object, { readonly promise: Promise<unknown>; readonly reading: Reading }>();

/**
 * Returns a promise of the same value, with the members of the app's promise. Merely adding a listener would make an
 * unhandled rejection look handled.
 */
export function onPromise<T extends object>(
  given: T,
  completion: Completion,
  callback: unknown,
  completeWith: CompleteWith,
): T {
  const promise = given as unknown as Promise<unknown>;
  if (unsettled >= MANY) return onShared(promise, completion, completeWith) as unknown as T;
  const settled = thenOf(promise).call(
    promise,
    (value) => {
      unsettled--;
      completeWith(value, completion);
      return value;
    },
    (error: unknown) => {
      unsettled--;
      completion.failed(error);
      throw error;
    },
  );
  unsettled++;
  // No other code has seen the promise of an async function, so it has no members. Looking for them is expensive with
  // async hooks.
  if (!isAsyncFunction(callback)) copyMembers(promise, settled);
  return settled as unknown as T;
}

/** Not read from the object, which may be a proxy: a proxy is no promise, and this `then` rejects it. */
function thenOf(promise: Promise<unknown>): Promise<unknown>['then'] {
  return (Object.getPrototypeOf(promise) as Promise<unknown>).then;
}

function onShared(promise: Promise<unknown>, completion: Completion, completeWith: CompleteWith): Promise<unknown> {
  const known = shared.get(promise);
  if (known) {
    known.reading.add(completion);
    return known.promise;
  }
  const reading = new Reading();
  reading.progress.look = () => 'busy';
  const settled = thenOf(promise).call(
    promise,
    (value) => {
      shared.delete(promise);
      for (const each of reading.close()) completeWith(value, each);
      return value;
    },
    (error: unknown) => {
      shared.delete(promise);
      reading.failed(error);
      throw error;
    },
  );
  copyMembers(promise, settled);
  shared.set(promise, { promise: settled, reading });
  reading.add(completion);
  return settled;
}

const asyncFunction = Object.getPrototypeOf(async () => {});

function isAsyncFunction(callback: unknown): boolean {
  return typeof callback === 'function' && Object.getPrototypeOf(callback) === asyncFunction;
}

/**
 * Copies members that a client added to its promise, such as `cancel` or an id. Members that async hooks add to every
 * promise exist already.
 */
function copyMembers(from: object, to: object): void {
  for (const name of Reflect.ownKeys(from)) {
    if (Object.hasOwn(to, name)) continue;
    const found = Object.getOwnPropertyDescriptor(from, name);
    if (found) Object.defineProperty(to, name, found);
  }
}
