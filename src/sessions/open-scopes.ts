import type { Attributes, Span } from '@opentelemetry/api';
import { MOST_KEPT } from '../by-id.ts';
import { shared } from '../shared.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';

/** An open scope, as far as sessions and handoffs use it. */
export interface OpenScope {
  readonly recorder: Recorder;
  readonly span: Span;
  readonly startedAt: Micros;
  readonly ended: boolean;
  /** Number of open scopes inside it. */
  readonly inside: number;
  /**
   * Neighbours in the list of its kind and in that of its session. Not sets, because every span enters and leaves them.
   */
  older: OpenScope | undefined;
  newer: OpenScope | undefined;
  before: OpenScope | undefined;
  after: OpenScope | undefined;
  event(name: string, attributes: Attributes, at?: Micros, share?: number): void;
  set(name: string, value: string | number | boolean | string[] | undefined): void;
  /** Remembers an error that an inner scope has recorded. */
  rememberError(error: unknown): void;
  /** Removes Baton's references to it, because too many scopes are open. */
  evict(): void;
  /** Ends it because its session ended first or was suspended. */
  abandon(as?: 'abandoned' | 'suspended'): void;
}

/** At most this many are skipped because scopes are open inside them; then the next one is evicted all the same. */
const MOST_SPARED = 8;

/**
 * The open scopes of one kind in this process. Beyond the limit, the oldest that has no open scope inside it is
 * evicted: a scope with children may be at work, and a forgotten one has none.
 */
export class OpenScopes {
  /** Maximum number of open scopes. */
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

  /** Removes the scope to evict. Scopes that are skipped move to the end of the list. */
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

/** All open scopes in this process, by kind, so that many of one kind cannot evict those of another. */
export const openScopes: Readonly<Record<'sessions' | 'runs' | 'approvals' | 'pieces', OpenScopes>> = shared(
  'open',
  () => ({
    sessions: new OpenScopes('sessions'),
    runs: new OpenScopes('runs'),
    approvals: new OpenScopes('approvals'),
    pieces: new OpenScopes('steps and calls'),
  }),
);

/** Ends all open scopes of a client, the innermost first. */
export function endAllOf(recorder: Recorder): void {
  const its: OpenScope[] = [];
  for (const scopes of Object.values(openScopes)) {
    for (const scope of scopes) if (scope.recorder === recorder) its.push(scope);
  }
  its.sort((one, other) => other.startedAt - one.startedAt);
  for (const scope of its) scope.abandon();
}
