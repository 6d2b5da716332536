import { type Context, context as contextApi } from '@opentelemetry/api';
import { messageOf } from '../diagnostics.ts';
import type { Awaiting } from './completion.ts';
import { generatorKind, onGenerator } from './generator.ts';
import { onAsyncIterable } from './iterable.ts';
import { method } from './members.ts';
import { isNodeReadable, isNodeStream, onNodeStream } from './node-stream.ts';
import type { Progress } from './progress.ts';
import { isPlainPromise, onPromise } from './promise.ts';
import { isPromiseLike, onPromiseLike } from './promise-like.ts';
import { bodyOf, isWebStream, onWebStream } from './web-stream.ts';

/**
 * Ends `awaiting` when the work behind a callback's result is done, and gives the result back: the same object, but for a plain
 * promise, which comes back as a promise of the same value. docs/results.md has the table.
 */
export function settle<T>(result: T, awaiting: Awaiting, callback: unknown): T {
  if (typeof result === 'object' && result !== null) {
    try {
      if (isPlainPromise(result)) return onPromise(result, awaiting, callback, settleValue);
    } catch {
      // A revoked proxy, or one around a promise, which is no promise itself.
    }
  }
  settleValue(result, awaiting);
  return result;
}

/** What is no plain promise. */
function settleValue(value: unknown, awaiting: Awaiting): void {
  if (awaiting.until) settleOther(value, awaiting.until, awaiting);
  else if (isObject(value)) settleObject(value, awaiting);
  else awaiting.done(value);
}

/** Also a function: it may have a `then`. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function settleObject(value: object, awaiting: Awaiting): void {
  try {
    watch(value, awaiting);
  } catch {
    // A revoked or hostile proxy: the app has what it made, and there is nothing to wait for.
    awaiting.done(value);
  }
}

function watch(value: object, awaiting: Awaiting): void {
  const generator = generatorKind(value);
  if (isPromiseLike(value)) onPromiseLike(value, awaiting, settleValue);
  else if (generator) onGenerator(value, generator, awaiting);
  else if (isWebStream(value)) onWebStream(value, awaiting);
  else if (isNodeReadable(value)) onNodeStream(value, awaiting);
  // A socket, a logger or a transform, which can be written to, lives on when this call is done.
  else if (!isNodeStream(value) && hasAsyncIterator(value)) onAsyncIterable(value, awaiting);
  else watchBody(value, bodyOf(value), awaiting);
}

function hasAsyncIterator(value: object): boolean {
  return Symbol.asyncIterator in value && method(value, Symbol.asyncIterator) !== undefined;
}

/** Of a `Response`; that of node-fetch is a Node stream, written to by node-fetch alone. */
function watchBody(value: object, body: object | undefined, awaiting: Awaiting): void {
  if (body && isWebStream(body)) onWebStream(body, awaiting);
  else if (body && isNodeStream(body)) onNodeStream(body, awaiting);
  else awaiting.done(value);
}

/**
 * Waits for what the app named with `until`. Its rejection fails the span and is handled thereby. The result itself is told to
 * nobody, but its work happens inside the scope all the same.
 */
function settleOther(value: unknown, until: (result: unknown) => unknown, awaiting: Awaiting): void {
  if (isObject(value)) settleObject(value, new OnlyContext(awaiting.context, awaiting));
  let other: unknown;
  try {
    other = contextApi.with(awaiting.context, until, undefined, value);
  } catch (error) {
    awaiting.cannotWatch(`until threw: ${messageOf(error)}`);
    return;
  }
  waitFor(other, other === value, new UntilTold(awaiting, value));
}

function waitFor(other: unknown, isResult: boolean, awaiting: Awaiting): void {
  if (!isObject(other)) {
    awaiting.done(other);
    return;
  }
  try {
    // The app says that it ends, also where it can be written to.
    if (isNodeStream(other)) onNodeStream(other, awaiting);
    // Who waits for a promise asks for its work to be done: that of the result is the app's to ask for.
    else if (!isResult && (isPlainPromise(other) || isPromiseLike(other))) {
      const promised = other as PromiseLike<unknown>;
      promised.then(
        (value) => settleValue(value, awaiting),
        (error: unknown) => awaiting.failed(error),
      );
    } else settleObject(other, awaiting);
  } catch (error) {
    awaiting.failed(error);
  }
}

/** A scope that ends with something else than its own result. */
class UntilTold implements Awaiting {
  readonly until = undefined;
  readonly context: Awaiting['context'];
  readonly #awaiting: Awaiting;
  /** No object: what waits must not keep the result alive that it waits for. */
  readonly #result: unknown;

  constructor(awaiting: Awaiting, result: unknown) {
    this.context = awaiting.context;
    this.#awaiting = awaiting;
    this.#result = isObject(result) ? undefined : result;
  }

  get ended(): boolean {
    return this.#awaiting.ended;
  }

  done(): void {
    this.#awaiting.done(this.#result);
  }

  failed(error: unknown): void {
    this.#awaiting.failed(error);
  }

  cancelled(): void {
    this.#awaiting.cancelled();
  }

  given(progress: Progress): void {
    this.#awaiting.given(progress);
  }

  holds(progress: Progress): void {
    this.#awaiting.holds(progress);
  }

  gaveUp(): void {
    this.#awaiting.gaveUp();
  }

  cannotWatch(why: string): void {
    this.#awaiting.cannotWatch(why);
  }
}

/**
 * For what is not recorded: lazy work of the result happens in the scope that it was made in, and nobody waits for it. A plain
 * promise is left alone.
 */
export function keepScope<T>(result: T, context: Context): T {
  if (!isObject(result)) return result;
  try {
    if (!isPlainPromise(result)) watch(result, new OnlyContext(context, undefined));
  } catch {
    // A revoked or hostile proxy does no work.
  }
  return result;
}

/** The same, and of what a promise gives. */
export function keepScopeOfAll<T>(result: T, context: Context, callback: unknown): T {
  return settle(result, new OnlyContext(context, undefined), callback);
}

/** Nobody waits. */
class OnlyContext implements Awaiting {
  readonly until = undefined;
  readonly context: Context;
  /** The scope whose context it is, where that is recorded: when it ends, nothing happens in it any more. */
  readonly #scope: Awaiting | undefined;

  constructor(context: Context, scope: Awaiting | undefined) {
    this.context = context;
    this.#scope = scope;
  }

  get ended(): boolean {
    return this.#scope?.ended === true;
  }

  done(): void {}
  failed(): void {}
  cancelled(): void {}
  given(progress: Progress): void {
    this.#scope?.holds(progress);
  }
  holds(): void {}
  gaveUp(): void {}
  cannotWatch(): void {}
}
