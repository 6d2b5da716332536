import { NAME } from '../version.ts';
import type {
  SessionTimeline,
  TimelineEntry,
  TimelineError,
  TimelineFailure,
  TimelineUsage,
} from './session-timeline.ts';
import { addUsage, largerUsage } from './span-facts.ts';
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
 * What the session consumed, each token once, however often it was reported: a run sums up its model calls, a framework's agent
 * likewise, and an instrumentation may record the call that the app records, too. So of a span and of what is inside of it the
 * larger report counts. A child run is work of its own, which the run around it does not sum up.
 */
export function sumUsage(timeline: Entries): TimelineUsage | undefined {
  const inside = new Map<TimelineEntry | undefined, TimelineUsage | undefined>();
  let runs: TimelineUsage | undefined;
  for (const { entry, parent } of [...walkEntries(timeline)].reverse()) {
    const usage = largerUsage(entry.usage, inside.get(entry));
    inside.delete(entry);
    if (isRunOfOurs(entry)) runs = addUsage(usage, runs);
    else inside.set(parent, addUsage(usage, inside.get(parent)));
  }
  return addUsage(runs, inside.get(undefined));
}

/** Without the scope nobody can know, and a run is taken for ours. */
function isRunOfOurs({ type, scope }: TimelineEntry): boolean {
  return type === 'run' && (scope === NAME || !scope);
}
