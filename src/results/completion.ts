import type { Context } from '@opentelemetry/api';
import type { Progress } from './progress.ts';

/** A scope that waits for its callback's result. It is notified once; calls after its end have no effect. */
export interface Completion {
  /** The context for the work of a lazy result: the body of a generator, the query of a builder. */
  readonly context: Context;
  /** Whether it has ended, for whatever reason. */
  readonly ended: boolean;
  /** What to wait for instead of the result itself, if the app set it. */
  readonly until: ((result: unknown) => unknown) | undefined;
  /** The work is done. `value` is the callback's result, or what its promise resolved to. */
  done(value: unknown): void;
  failed(error: unknown): void;
  /** The reader stopped before the end. */
  cancelled(): void;
  /** The callback has returned something that is read later. */
  given(progress: Progress): void;
  /** The result is watched for its context alone; it must be notified when the scope ends. */
  holds(progress: Progress): void;
  /** The result was collected before it was read to its end, or too many scopes wait for it. */
  abandoned(): void;
  /** The result ends later, but its end cannot be observed: the scope ends now. */
  cannotWatch(why: string): void;
}
