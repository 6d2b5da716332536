import { context as contextApi } from '@opentelemetry/api';
import { nesting } from '../room-left.ts';
import type { Completion } from './completion.ts';
import { method, overlay } from './members.ts';
import type { Progress } from './progress.ts';
import { isPlainPromise } from './promise.ts';
import { isPromiseLike } from './promise-like.ts';
import { type Reading, read } from './reading.ts';

export type GeneratorKind = 'Generator' | 'AsyncGenerator';

/**
 * The kind of generator that an object is, by its constructor: a `function*` or an `async function*`, of this realm or
 * another. An object that only looks like one (a cursor with `next`) is not a generator.
 */
export function generatorKind(value: object): GeneratorKind | undefined {
  if (!('next' in value)) return undefined;
  let holder: object | null = Object.getPrototypeOf(value);
  // The function's own prototype, then the one of all generators; a subclass adds one more.
  for (let depth = 0; holder !== null && depth < 4; depth++) {
    const kind: unknown = Object.getOwnPropertyDescriptor(holder, Symbol.toStringTag)?.value;
    if (kind === 'Generator' || kind === 'AsyncGenerator') return isMadeBy(holder, kind) ? kind : undefined;
    holder = Object.getPrototypeOf(holder);
  }
  return undefined;
}

function isMadeBy(prototype: object, kind: GeneratorKind): boolean {
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof made !== 'object' || made === null) return false;
  return Object.getOwnPropertyDescriptor(made, Symbol.toStringTag)?.value === `${kind}Function`;
}

/** Runs the generator's body in the scope that created it, whichever code asks for the next value. */
export function onGenerator(generator: object, kind: GeneratorKind, completion: Completion): void {
  read(generator, completion, (reading) => {
    for (const [name, step] of watchedSteps(generator, kind === 'AsyncGenerator', reading)) {
      reading.added(overlay(generator, name, { value: step }));
    }
  });
}

export type Step = (this: unknown, ...given: unknown[]) => unknown;

/** The methods of an iterator, wrapped to report the progress of the reading. */
export function watchedSteps(iterator: object, isAsync: boolean, reading: Reading): (readonly [string, Step])[] {
  const steps: (readonly [string, Step])[] = [];
  for (const name of ['next', 'return', 'throw']) {
    const original = method(iterator, name);
    if (original) steps.push([name, watched(original, name === 'return', isAsync, reading)]);
  }
  return steps;
}

function watched(original: Step, isReturn: boolean, isAsync: boolean, reading: Reading): Step {
  const onStep = (step: unknown, progress: Progress): void => {
    progress.answered();
    if (!isDone(step)) return;
    // `return` before the end cancels the reading.
    if (isReturn) reading.cancelled();
    else reading.done(undefined);
  };
  const onError = (error: unknown, progress: Progress): never => {
    progress.answered();
    reading.failed(error);
    throw error;
  };
  return function (this: unknown, ...given: unknown[]): unknown {
    const { context, progress } = reading;
    if (!context) return original.apply(this, given);
    progress.asked();
    let step: unknown;
    nesting.scopes++;
    try {
      step = contextApi.with(context, original as (...given: unknown[]) => unknown, this as never, ...given);
    } catch (error) {
      return onError(error, progress);
    } finally {
      nesting.scopes--;
    }
    if (isAsync && isPromise(step)) {
      return step.then(
        (answer) => {
          onStep(answer, progress);
          return answer;
        },
        (error: unknown) => onError(error, progress),
      );
    }
    onStep(step, progress);
    return step;
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && (isPlainPromise(value) || isPromiseLike(value));
}

function isDone(step: unknown): boolean {
  try {
    return typeof step === 'object' && step !== null && Boolean((step as IteratorResult<unknown>).done);
  } catch {
    return false;
  }
}
