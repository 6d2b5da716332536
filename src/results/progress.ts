import { now } from '../tracing/clock.ts';

/** Whoever reads the result for the scopes that wait for it. */
interface Reader {
  /** A scope that waited has ended. */
  left(): void;
}

/**
 * How far a result has been read: `unread`, as far as can be seen; `idle`, read in part, and nobody asks for more; `busy`,
 * somebody waits for it.
 */
export type Progressed = 'unread' | 'idle' | 'busy';

/** What a scope knows of the result that it waits for. Leads to nothing that would keep the result alive. */
export class Progress {
  /** Calls that have not been answered yet. */
  #pending = 0;
  /** When somebody last asked, or was answered. */
  readAt: number | undefined;
  /** For what shows its progress by itself, as a Node stream does. */
  look: (() => Progressed) | undefined;
  readonly #reader: WeakRef<Reader> | undefined;

  constructor(reader: Reader) {
    this.#reader = typeof WeakRef === 'function' ? new WeakRef(reader) : undefined;
  }

  get state(): Progressed {
    if (this.look) return this.look();
    if (this.#pending > 0) return 'busy';
    return this.readAt === undefined ? 'unread' : 'idle';
  }

  asked(): void {
    this.#pending++;
    this.readAt = now();
  }

  answered(): void {
    this.#pending--;
    this.readAt = now();
  }

  /** A scope that waited has ended: where it was the last one, the object is as it was. */
  left(): void {
    this.#reader?.deref()?.left();
  }
}
