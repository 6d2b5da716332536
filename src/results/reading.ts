import type { Context } from '@opentelemetry/api';
import type { Completion } from './completion.ts';
import { Progress } from './progress.ts';

/** So many scopes may wait for one object; the oldest gives way. */
const MAX_WAITING = 1_000;
/** So many iterators of one iterable are watched at a time; the oldest is left alone. */
const MAX_ADDED = 1_000;

/** One for each object that is read later, however many scopes give it, and however often. */
const readings = new WeakMap<object, Reading>();

/** The scopes of objects that were collected before anybody read them to their end. */
const collected =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<Completion[]>((waiting) => {
        for (const completion of waiting.splice(0)) completion.gaveUp();
      })
    : undefined;

/** A result that the app reads later, and the scopes that end with it, the inner ones first. */
export class Reading {
  progress: Progress = new Progress(this);
  /** In which the work of a lazy result happens. */
  context: Context | undefined;
  /** Nobody waits, and nothing of ours is on the object. */
  over = false;
  /** Held by the registry of what is collected: nothing that it leads to may lead back to the object. */
  readonly waiting: Completion[] = [];
  readonly #undo: (() => void)[] = [];

  /** Begins, or begins anew with an object that nobody waited for any more. */
  begin(context: Context): void {
    if (this.over) this.progress = new Progress(this);
    this.context = context;
  }

  add(completion: Completion): void {
    this.over = false;
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift()?.gaveUp();
    this.waiting.push(completion);
    completion.given(this.progress);
  }

  /** One that waited has ended otherwise: its session is over, or the app ended it. */
  left(): void {
    if (this.over) return;
    const { waiting } = this;
    let kept = 0;
    for (const completion of waiting) if (!completion.ended) waiting[kept++] = completion;
    waiting.length = kept;
    if (kept === 0) this.close();
  }

  /** `undo` takes away what was added to the object, or to an iterator of it. */
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

  /** Nobody hears of this object any more; gives those who waited. */
  close(): Completion[] {
    this.over = true;
    this.context = undefined;
    for (const undo of this.#undo.splice(0)) undo();
    return this.waiting.splice(0);
  }
}

/**
 * Lets `completion` wait for this object. When nobody else does, `watch` adds to it what tells when it ends; when it cannot (a
 * frozen object), the scope ends at once.
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
