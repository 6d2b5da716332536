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
 * Ends `completion` at the completion of a callback's result, and returns the result: the same object, except for a
 * plain promise, which is replaced by a promise of the same value. docs/results.md has the table.
 */
export function complete<T>(result: T, completion: Completion, callback: unknown): T {
  if (typeof result === 'object' && result !== null) {
    try {
      if (isPlainPromise(result)) return onPromise(result, completion, callback, completeWith);
    } catch {
      // A revoked proxy, or a proxy around a promise, which is not a promise itself.
    }
  }
  completeWith(result, completion);
  return result;
}

/** Handles every value but a plain promise. */
function completeWith(value: unknown, completion: Completion): void {
  if (completion.until) completeWithOther(value, completion.until, completion);
  else if (isObject(value)) completeWithObject(value, completion);
  else completion.done(value);
}

/** Includes functions, because a function may have a `then`. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function completeWithObject(value: object, completion: Completion): void {
  try {
    watch(value, completion);
  } catch {
    // A revoked or hostile proxy: the app gets its result, and there is nothing to wait for.
    completion.done(value);
  }
}

function watch(value: object, completion: Completion): void {
  const generator = generatorKind(value);
  if (isPromiseLike(value)) onPromiseLike(value, completion, completeWith);
  else if (generator) onGenerator(value, generator, completion);
  else if (isWebStream(value)) onWebStream(value, completion);
  else if (isNodeReadable(value)) onNodeStream(value, completion);
  // A writable object (a socket, a logger, a transform) outlives this call, so it is not waited for.
  else if (!isNodeStream(value) && hasAsyncIterator(value)) onAsyncIterable(value, completion);
  else watchBody(value, bodyOf(value), completion);
}

function hasAsyncIterator(value: object): boolean {
  return Symbol.asyncIterator in value && method(value, Symbol.asyncIterator) !== undefined;
}

/** Waits for the body of a `Response`. That of node-fetch is a Node stream to which only node-fetch writes. */
function watchBody(value: object, body: object | undefined, completion: Completion): void {
  if (body && isWebStream(body)) onWebStream(body, completion);
  else if (body && isNodeStream(body)) onNodeStream(body, completion);
  else completion.done(value);
}

/**
 * Waits for the value that the app named with `until`. If it rejects, the span fails and the rejection counts as
 * handled. The result itself does not end the scope, but its lazy work still runs inside the scope.
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
  waitFor(other, other === value, new UntilCompletion(completion, value));
}

function waitFor(other: unknown, isResult: boolean, completion: Completion): void {
  if (!isObject(other)) {
    completion.done(other);
    return;
  }
  try {
    // The app says that this stream ends, so a writable one is waited for, too.
    if (isNodeStream(other)) onNodeStream(other, completion);
    // Waiting for a promise-like starts its work. For the result itself, only the app may do that.
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

/** Completion of a scope that waits for the value of `until`. */
class UntilCompletion implements Completion {
  readonly until = undefined;
  readonly context: Completion['context'];
  readonly #completion: Completion;
  /** Only a primitive: a completion must not keep the result alive. */
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

  abandoned(): void {
    this.#completion.abandoned();
  }

  cannotWatch(why: string): void {
    this.#completion.cannotWatch(why);
  }
}

/**
 * For a scope that is not recorded: lazy work of the result runs in the scope's context, and nothing waits for it. A
 * plain promise is returned as it is.
 */
export function keepScope<T>(result: T, context: Context): T {
  if (!isObject(result)) return result;
  try {
    if (!isPlainPromise(result)) watch(result, new OnlyContext(context, undefined));
  } catch {
    // A revoked or hostile proxy has no lazy work.
  }
  return result;
}

/** Like `keepScope`, and also for what a promise resolves to. */
export function keepScopeOfAll<T>(result: T, context: Context, callback: unknown): T {
  return complete(result, new OnlyContext(context, undefined), callback);
}

/** A completion that keeps the context and waits for nothing. */
class OnlyContext implements Completion {
  readonly until = undefined;
  readonly context: Context;
  /** The scope of the context, if recorded. After its end, the context is not used any more. */
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
  abandoned(): void {}
  cannotWatch(): void {}
}
