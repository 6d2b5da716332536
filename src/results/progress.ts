import { now } from '../tracing/clock.ts';

/** The reading of a result, for the scopes that wait for it. */
interface Reader {
  /** A scope that waited has ended. */
  scopeEnded(): void;
}

/**
 * How far a result has been read: `unread`, as far as can be seen; `idle`, read in part, with no read pending; `busy`,
 * with a read pending.
 */
export type Progressed = 'unread' | 'idle' | 'busy';

/** What a scope knows of the result that it waits for. Holds no reference that would keep the result alive. */
export class Progress {
  /** Number of pending reads. */
  #pending = 0;
  /** When a read last started or ended. */
  readAt: number | undefined;
  /** Overrides the state, for a result that shows its progress itself, like a Node stream. */
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

  /** A scope that waited has ended. After the last one, the result is restored. */
  scopeEnded(): void {
    this.#reader?.deref()?.scopeEnded();
  }
}
