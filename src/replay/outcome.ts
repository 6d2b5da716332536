import type {
  SessionTimeline,
  TimelineEntry,
  TimelineError,
  TimelineFailure,
  TimelineUsage,
} from './session-timeline.ts';
import { addUsage } from './span-facts.ts';
import { walkEntries } from './walk-entries.ts';

type Entries = Pick<SessionTimeline, 'entries'>;

/**
 * Where things failed first, oldest first. The error of a tool goes up through its step, its run and the run that
 * started that one: told once, at the place where it began. A worker that fails fails its handoff, too.
 */
export function findFailures(timeline: Entries): TimelineFailure[] {
  const origins: TimelineEntry[] = [];
  const toldInside = new Map<TimelineEntry | undefined, Set<string>>();
  // Backwards, so that an entry comes when all inside of it has been seen.
  for (const { entry, parent } of [...walkEntries(timeline)].reverse()) {
    const told = toldInside.get(entry) ?? new Set<string>();
    toldInside.delete(entry);
    if (entry.error && !told.has(errorKey(entry.error))) {
      told.add(errorKey(entry.error));
      origins.push(entry);
    }
    toldInside.set(parent, together(told, toldInside.get(parent)));
  }
  const byOthers = new Set(
    origins.flatMap(({ type, error }) => (type !== 'handoff' && error ? [errorKey(error)] : [])),
  );
  return origins
    .reverse()
    .filter(({ type, error }) => type !== 'handoff' || !byOthers.has(errorKey(error ?? {})))
    .map(({ traceId, spanId, name, offsetMs, agent, error }) => ({ ...error, traceId, spanId, name, offsetMs, agent }));
}

/** The smaller set goes into the larger one: a long chain of different errors must not be copied at each link. */
function together(one: Set<string>, other: Set<string> = new Set()): Set<string> {
  const [small, large] = one.size < other.size ? [one, other] : [other, one];
  for (const key of small) large.add(key);
  return large;
}

/** What makes two errors the same one on its way up. */
export function errorKey({ type, message }: TimelineError): string {
  return JSON.stringify([type, message]);
}

/**
 * What the session consumed. A run sums up the tokens of its own model calls: what it says of them counts, and the calls
 * only where it says nothing. The cost is on the calls alone.
 */
export function sumUsage(timeline: Entries): TimelineUsage | undefined {
  const ofCalls = new Map<TimelineEntry | undefined, TimelineUsage | undefined>();
  const ofRuns = new Map<TimelineEntry | undefined, TimelineUsage | undefined>();
  for (const { entry, parent } of [...walkEntries(timeline)].reverse()) {
    const calls = entry.type === 'model-call' ? entry.usage : ofCalls.get(entry);
    const isRun = entry.type === 'run';
    const own = isRun && entry.usage ? { ...entry.usage, cost: calls?.cost ?? entry.usage.cost } : calls;
    if (!isRun) ofCalls.set(parent, addUsage(own, ofCalls.get(parent)));
    const runs = isRun ? addUsage(own, ofRuns.get(entry)) : ofRuns.get(entry);
    ofRuns.set(parent, addUsage(runs, ofRuns.get(parent)));
    ofCalls.delete(entry);
    ofRuns.delete(entry);
  }
  return addUsage(ofRuns.get(undefined), ofCalls.get(undefined));
}
