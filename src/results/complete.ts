import { type Context, context as contextApi } from '@opentelemetry/api';
import { messageOf } from '../diagnostics.ts';
import type { Completion } from './completion.ts';
import { generatorKind, onGenerator } from './generator.ts';
import { onAsyncIterable } from './iterable.ts';
import { method } from './members.ts';
import { isNodeReadable, isNodeStream, onNodeStream } from './node-stream.ts';
import type { Progress } from './progress.ts';
import { isPlainPromise, onPromise } from './promise.ts';
import { isPromiseLike, onPromiseLike } from './promise-like.ts';
import { bodyOf, isWebStream, onWebStream } from './web-stream.ts';

/**
 * Ends `completion` when the work behind a callback's result is done, and gives the result back: the same object, but for a plain
 * promise, which comes back as a promise of the same value. docs/results.md has the table.
 */
export function complete<T>(result: T, completion: Completion, callback: unknown): T {
  if (typeof result === 'object' && result !== null) {
    try {
      if (isPlainPromise(result)) return onPromise(result, completion, callback, completeWith);
    } catch {
      // A revoked proxy, or one around a promise, which is no promise itself.
    }
  }
  completeWith(result, completion);
  return result;
}

/** What is no plain promise. */
function completeWith(value: unknown, completion: Completion): void {
  if (completion.until) completeWithOther(value, completion.until, completion);
  else if (isObject(value)) completeWithObject(value, completion);
  else completion.done(value);
}

/** Also a function: it may have a `then`. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function completeWithObject(value: object, completion: Completion): void {
  try {
    watch(value, completion);
  } catch {
    // A revoked or hostile proxy: the app has what it made, and there is nothing to wait for.
    completion.done(value);
  }
}

function watch(value: object, completion: Completion): void {
  const generator = generatorKind(value);
  if (isPromiseLike(value)) onPromiseLike(value, completion, completeWith);
  else if (generator) onGenerator(value, generator, completion);
  else if (isWebStream(value)) onWebStream(value, completion);
  else if (isNodeReadable(value)) onNodeStream(value, completion);
  // A socket, a logger or a transform, which can be written to, lives on when this call is done.
  else if (!isNodeStream(value) && hasAsyncIterator(value)) onAsyncIterable(value, completion);
  else watchBody(value, bodyOf(value), completion);
}

function hasAsyncIterator(value: object): boolean {
  return Symbol.asyncIterator in value && method(value, Symbol.asyncIterator) !== undefined;
}

/** Of a `Response`; that of node-fetch is a Node stream, written to by node-fetch alone. */
function watchBody(value: object, body: object | undefined, completion: Completion): void {
  if (body && isWebStream(body)) onWebStream(body, completion);
  else if (body && isNodeStream(body)) onNodeStream(body, completion);
  else completion.done(value);
}

/**
 * Waits for what the app named with `until`. Its rejection fails the span and is handled thereby. The result itself is told to
 * nobody, but its work happens inside the scope all the same.
 */
function completeWithOther(value: unknown, until: (result: unknown) => unknown, completion: Completion): void {
  if (isObject(value)) completeWithObject(value, new OnlyContext(completion.context, completion));
  let other: unknown;
  try {
    other = contextApi.with(completion.context, until, undefined, value);
  } catch (error) {
    completion.cannotWatch(`until threw: ${messageOf(error)}`);
    return;
  }
  waitFor(other, other === value, new UntilTold(completion, value));
}

function waitFor(other: unknown, isResult: boolean, completion: Completion): void {
  if (!isObject(other)) {
    completion.done(other);
    return;
  }
  try {
    // The app says that it ends, also where it can be written to.
    if (isNodeStream(other)) onNodeStream(other, completion);
    // Who waits for a promise asks for its work to be done: that of the result is the app's to ask for.
    else if (!isResult && (isPlainPromise(other) || isPromiseLike(other))) {
      const promised = other as PromiseLike<unknown>;
      promised.then(
        (value) => completeWith(value, completion),
        (error: unknown) => completion.failed(error),
      );
    } else completeWithObject(other, completion);
  } catch (error) {
    completion.failed(error);
  }
}

/** A scope that ends with something else than its own result. */
class UntilTold implements Completion {
  readonly until = undefined;
  readonly context: Completion['context'];
  readonly #completion: Completion;
  /** No object: what waits must not keep the result alive that it waits for. */
  readonly #result: unknown;

  constructor(completion: Completion, result: unknown) {
    this.context = completion.context;
    this.#completion = completion;
    this.#result = isObject(result) ? undefined : result;
  }

  get ended(): boolean {
    return this.#completion.ended;
  }

  done(): void {
    this.#completion.done(this.#result);
  }

  failed(error: unknown): void {
    this.#completion.failed(error);
  }

  cancelled(): void {
    this.#completion.cancelled();
  }

  given(progress: Progress): void {
    this.#completion.given(progress);
  }

  holds(progress: Progress): void {
    this.#completion.holds(progress);
  }

  gaveUp(): void {
    this.#completion.gaveUp();
  }

  cannotWatch(why: string): void {
    this.#completion.cannotWatch(why);
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
  return complete(result, new OnlyContext(context, undefined), callback);
}

/** Nobody waits. */
class OnlyContext implements Completion {
  readonly until = undefined;
  readonly context: Context;
  /** The scope whose context it is, where that is recorded: when it ends, nothing happens in it any more. */
  readonly #scope: Completion | undefined;

  constructor(context: Context, scope: Completion | undefined) {
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
