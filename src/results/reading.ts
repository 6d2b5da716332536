import type { Context } from '@opentelemetry/api';
import type { Awaiting } from './completion.ts';
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
    ? new FinalizationRegistry<Awaiting[]>((waiting) => {
        for (const awaiting of waiting.splice(0)) awaiting.gaveUp();
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
  readonly waiting: Awaiting[] = [];
  readonly #undo: (() => void)[] = [];

  /** Begins, or begins anew with an object that nobody waited for any more. */
  begin(context: Context): void {
    if (this.over) this.progress = new Progress(this);
    this.context = context;
  }

  add(awaiting: Awaiting): void {
    this.over = false;
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift()?.gaveUp();
    this.waiting.push(awaiting);
    awaiting.given(this.progress);
  }

  /** One that waited has ended otherwise: its session is over, or the app ended it. */
  left(): void {
    if (this.over) return;
    const { waiting } = this;
    let kept = 0;
    for (const awaiting of waiting) if (!awaiting.ended) waiting[kept++] = awaiting;
    waiting.length = kept;
    if (kept === 0) this.close();
  }

  /** `undo` takes away what was added to the object, or to an iterator of it. */
  added(undo: () => void): void {
    if (this.#undo.length >= MAX_ADDED) this.#undo.splice(1, 1)[0]?.();
    this.#undo.push(undo);
  }

  done(value: unknown): void {
    for (const awaiting of this.close()) awaiting.done(value);
  }

  failed(error: unknown): void {
    for (const awaiting of this.close()) awaiting.failed(error);
  }

  cancelled(): void {
    for (const awaiting of this.close()) awaiting.cancelled();
  }

  /** Nobody hears of this object any more; gives those who waited. */
  close(): Awaiting[] {
    this.over = true;
    this.context = undefined;
    for (const undo of this.#undo.splice(0)) undo();
    return this.waiting.splice(0);
  }
}

/**
 * Lets `awaiting` wait for this object. When nobody else does, `watch` adds to it what tells when it ends; when it cannot (a
 * frozen object), the scope ends at once.
 */
export function read(object: object, awaiting: Awaiting, watch: (reading: Reading) => void): void {
  if (awaiting.ended) return;
  const known = readings.get(object);
  const reading = known ?? new Reading();
  if (!known || known.over) {
    reading.begin(awaiting.context);
    try {
      watch(reading);
    } catch {
      reading.close();
      awaiting.cannotWatch('an object that is read later was given, but it is frozen or cannot be changed');
      return;
    }
  }
  reading.add(awaiting);
  if (known) return;
  readings.set(object, reading);
  collected?.register(object, reading.waiting);
}
