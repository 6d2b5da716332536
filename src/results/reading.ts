import type { Context } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { Progress } from './progress.ts';

/** Maximum number of scopes that wait for one object; beyond it, the oldest is abandoned. */
const MAX_WAITING = 1_000;
/** Maximum number of iterators of one iterable that are watched; beyond it, the oldest is restored. */
const MAX_ADDED = 1_000;

/** One Reading per object that is read later, however many scopes return it, and however often. */
const readings = new WeakMap<object, Reading>();

/** Completes the scopes of objects that were collected before they were read to their end. */
const collected =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<Completion[]>((waiting) => {
        for (const completion of waiting.splice(0)) completion.abandoned();
      })
    : undefined;

/** A result that the app reads later, and the scopes that end with it, the inner ones first. */
export class Reading {
  progress: Progress = new Progress(this);
  /** The context for the work of a lazy result. */
  context: Context | undefined;
  /** No scope waits, and the object is restored. */
  over = false;
  /** Held by the FinalizationRegistry, so nothing reachable from here may reference the object. */
  readonly waiting: Completion[] = [];
  readonly #undo: (() => void)[] = [];

  /** Starts, or starts anew for an object that no scope waited for any more. */
  begin(context: Context): void {
    if (this.over) this.progress = new Progress(this);
    this.context = context;
  }

  add(completion: Completion): void {
    this.over = false;
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift()?.abandoned();
    this.waiting.push(completion);
    completion.given(this.progress);
  }

  /** A scope that waited has ended otherwise: with its session, or by the app. */
  scopeEnded(): void {
    if (this.over) return;
    const { waiting } = this;
    let kept = 0;
    for (const completion of waiting) if (!completion.ended) waiting[kept++] = completion;
    waiting.length = kept;
    if (kept === 0) this.close();
  }

  /** `undo` restores a member of the object or of one of its iterators. */
  added(undo: () => void): void {
    if (this.#undo.length >= MAX_ADDED) this.#undo.splice(1, 1)[0]?.();
    this.#undo.push(undo);
  }

  done(value: unknown): void {
    for (const completion of this.close()) completion.done(value);
  }

  failed(error: unknown): void {
    for (const completion of this.close()) completion.failed(error);
  }

  cancelled(): void {
    for (const completion of this.close()) completion.cancelled();
  }

  /** Stops watching the object and returns the scopes that waited. */
  close(): Completion[] {
    this.over = true;
    this.context = undefined;
    for (const undo of this.#undo.splice(0)) undo();
    return this.waiting.splice(0);
  }
}

/**
 * Makes `completion` wait for this object. For the first one, `watch` adds members that report the end. If that fails
 * (a frozen object), the scope ends at once.
 */
export function read(object: object, completion: Completion, watch: (reading: Reading) => void): void {
  if (completion.ended) return;
  const known = readings.get(object);
  const reading = known ?? new Reading();
  if (!known || known.over) {
    reading.begin(completion.context);
    try {
      watch(reading);
    } catch {
      reading.close();
      completion.cannotWatch('an object that is read later was given, but it is frozen or cannot be changed');
      return;
    }
  }
  reading.add(completion);
  if (known) return;
  readings.set(object, reading);
  collected?.register(object, reading.waiting);
}
