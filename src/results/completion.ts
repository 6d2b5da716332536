import type { Context } from '@opentelemetry/api';
import type { Progress } from './progress.ts';

/** A scope that waits for what its callback gave. Told once how it went; what comes after its end it does not hear. */
export interface Completion {
  /** In which the work of a lazy result happens: the body of a generator, the query of a builder. */
  readonly context: Context;
  /** It has ended, by whatever came first. */
  readonly ended: boolean;
  /** What to wait for instead of the result itself, where the app said so. */
  readonly until: ((result: unknown) => unknown) | undefined;
  /** The work is done. `value` is what the callback gave, or what its promise resolved to. */
  done(value: unknown): void;
  failed(error: unknown): void;
  /** Somebody broke it off before its end. */
  cancelled(): void;
  /** The callback has given something that is read later. */
  given(progress: Progress): void;
  /** Its result is watched for the sake of its context alone: to be told of the end of the scope. */
  holds(progress: Progress): void;
  /** Nobody will read it to its end any more, or too many wait for the same thing. */
  gaveUp(): void;
  /** The result is one that ends later, but nobody can tell when: the scope ends now. */
  cannotWatch(why: string): void;
}
