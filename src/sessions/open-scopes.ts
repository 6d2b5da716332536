import type { Attributes, Span } from '@opentelemetry/api';
import { MOST_KEPT } from '../by-id.ts';
import { shared } from '../shared.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';

/** Whatever lasts and has not ended, as far as sessions and handoffs know it. */
export interface OpenScope {
  readonly recorder: Recorder;
  readonly span: Span;
  readonly startedAt: Micros;
  readonly ended: boolean;
  /** How many scopes are open inside it. */
  readonly inside: number;
  /** Neighbours among all that is open of its kind, and in its session: no sets, because every span enters and leaves them. */
  older: OpenScope | undefined;
  newer: OpenScope | undefined;
  before: OpenScope | undefined;
  after: OpenScope | undefined;
  event(name: string, attributes: Attributes, at?: Micros, share?: number): void;
  set(name: string, value: string | number | boolean | string[] | undefined): void;
  /** An error passes that has been told already. */
  rememberError(error: unknown): void;
  /** Too many are open: nothing keeps it any more but its handle. */
  evict(): void;
  /** Its session ended first, or was suspended. */
  abandon(as?: 'abandoned' | 'suspended'): void;
}

/** So many are spared because something is open inside them; then the next one gives way all the same. */
const MOST_SPARED = 8;

/**
 * What is open of one kind in this process. Beyond the bound, the one that began first gives way, of those that have nothing
 * open inside them: what lasts for long may be at work, and what was forgotten is empty.
 */
export class OpenScopes {
  /** How many may be open. */
  limit: number = MOST_KEPT;
  size = 0;
  readonly #what: string;
  #oldest: OpenScope | undefined;
  #newest: OpenScope | undefined;

  /** `what` names the kind in the warning. */
  constructor(what: string) {
    this.#what = what;
  }

  enter(scope: OpenScope): void {
    while (this.size >= this.limit && this.#oldest) {
      const first = this.#next(this.#oldest);
      first.recorder.diagnostics.warn(
        'too_many_open',
        `more than ${this.limit} ${this.#what} are open at once, so the first ones are forgotten: they end as ever, but are not found by their ids, nor ended by shutdown; is a start… without its end() somewhere, or a promise that never settles?`,
      );
      first.evict();
    }
    this.#append(scope);
  }

  leave(scope: OpenScope): void {
    const { older, newer } = scope;
    if (!older && this.#oldest !== scope) return;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    scope.older = undefined;
    scope.newer = undefined;
    this.size--;
  }

  #append(scope: OpenScope): void {
    scope.older = this.#newest;
    if (this.#newest) this.#newest.newer = scope;
    else this.#oldest = scope;
    this.#newest = scope;
    this.size++;
  }

  /** Takes the one out that gives way. Those that are spared have their turn again when all others have had it. */
  #next(first: OpenScope): OpenScope {
    let next = first;
    for (let spared = 0; next.inside > 0 && spared < MOST_SPARED; spared++) {
      this.leave(next);
      this.#append(next);
      next = this.#oldest ?? next;
    }
    this.leave(next);
    return next;
  }

  *[Symbol.iterator](): Iterator<OpenScope> {
    for (let each = this.#oldest; each; each = each.newer) yield each;
  }
}

/** All that is open in this process, by kind, so that many of one kind push none of another out. */
export const openScopes: Readonly<Record<'sessions' | 'runs' | 'approvals' | 'pieces', OpenScopes>> = shared(
  'open',
  () => ({
    sessions: new OpenScopes('sessions'),
    runs: new OpenScopes('runs'),
    approvals: new OpenScopes('approvals'),
    pieces: new OpenScopes('steps and calls'),
  }),
);

/** Ends what a client has left open, the innermost first. */
export function endAllOf(recorder: Recorder): void {
  const its: OpenScope[] = [];
  for (const scopes of Object.values(openScopes)) {
    for (const scope of scopes) if (scope.recorder === recorder) its.push(scope);
  }
  its.sort((one, other) => other.startedAt - one.startedAt);
  for (const scope of its) scope.abandon();
}
