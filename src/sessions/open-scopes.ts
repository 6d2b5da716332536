import { MOST_KEPT } from '../by-id.ts';
import type { Activity } from '../scopes/scope.ts';

/** So many are spared because something is open inside them; then the next one gives way all the same. */
const MOST_SPARED = 8;

/**
 * What is open of one kind in this process. Beyond the bound, the one that began first gives way, of those that have nothing
 * open inside them: what lasts for long may be at work, and what was forgotten is empty.
 */
export class OpenActivities {
  /** How many may be open. */
  limit: number = MOST_KEPT;
  size = 0;
  readonly #what: string;
  #oldest: Activity | undefined;
  #newest: Activity | undefined;

  /** `what` names the kind in the warning. */
  constructor(what: string) {
    this.#what = what;
  }

  enter(activity: Activity): void {
    while (this.size >= this.limit && this.#oldest) {
      const first = this.#next(this.#oldest);
      first.recorder.diagnostics.warn(
        'too_many_open',
        `more than ${this.limit} ${this.#what} are open at once, so the first ones are forgotten: they end as ever, but are not found by their ids, nor ended by shutdown; is a start… without its end() somewhere, or a promise that never settles?`,
      );
      first.giveWay();
    }
    this.#append(activity);
  }

  leave(activity: Activity): void {
    const { older, newer } = activity;
    if (!older && this.#oldest !== activity) return;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    activity.older = undefined;
    activity.newer = undefined;
    this.size--;
  }

  #append(activity: Activity): void {
    activity.older = this.#newest;
    if (this.#newest) this.#newest.newer = activity;
    else this.#oldest = activity;
    this.#newest = activity;
    this.size++;
  }

  /** Takes the one out that gives way. Those that are spared have their turn again when all others have had it. */
  #next(first: Activity): Activity {
    let next = first;
    for (let spared = 0; next.inside > 0 && spared < MOST_SPARED; spared++) {
      this.leave(next);
      this.#append(next);
      next = this.#oldest ?? next;
    }
    this.leave(next);
    return next;
  }

  *[Symbol.iterator](): Iterator<Activity> {
    for (let each = this.#oldest; each; each = each.newer) yield each;
  }
}
