import { now } from '../clock.ts';
import type { Awaiting } from './awaiting.ts';
import { Progress } from './progress.ts';

/** So many scopes may wait for one object; the oldest gives way. */
const MAX_WAITING = 1_000;

/** One for each object that is read later, however many scopes give it. */
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
  readonly progress: Progress = new Progress();
  over = false;
  /** Held by the registry of what is collected: nothing that it leads to may lead back to the object. */
  readonly waiting: Awaiting[] = [];
  readonly #undo: (() => void)[] = [];

  add(awaiting: Awaiting): void {
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift()?.gaveUp();
    this.waiting.push(awaiting);
    awaiting.given(this.progress);
  }

  /** `undo` takes away what was added to the object. */
  added(undo: () => void): void {
    this.#undo.push(undo);
  }

  asked(): void {
    this.progress.pending++;
    this.progress.readAt = now();
  }

  answered(): void {
    this.progress.pending--;
    this.progress.readAt = now();
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
    for (const undo of this.#undo.splice(0)) undo();
    return this.waiting.splice(0);
  }
}

/**
 * Lets `awaiting` wait for this object. The first time, `watch` adds to it what tells when it ends; when it cannot (a frozen
 * object), the scope ends at once.
 */
export function read(object: object, awaiting: Awaiting, watch: (reading: Reading) => void): void {
  const known = readings.get(object);
  if (known && !known.over) {
    known.add(awaiting);
    return;
  }
  const reading = new Reading();
  try {
    watch(reading);
  } catch {
    reading.close();
    awaiting.cannotWatch('an object that is read later was given, but it is frozen or cannot be changed');
    return;
  }
  reading.add(awaiting);
  readings.set(object, reading);
  collected?.register(object, reading.waiting);
}
