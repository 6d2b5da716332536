import { ById } from '../by-id.ts';
import type { Agent } from '../model.ts';
import { shared } from '../shared.ts';
import type { OpenRun } from './enclosing-scope.ts';

/**
 * Marks of recently ended runs and of their sessions, each in a slot that a later run may overwrite. Only numbers are
 * kept: with a string per run, garbage collection costs more than the rest of the run.
 */
const SLOTS = 4_096;
const ended = shared('ended', () => ({ marks: new Uint32Array(SLOTS), sessions: new Uint32Array(SLOTS) }));

/** A run that was evicted by newer ones. */
export interface EvictedRun {
  readonly sessionId: string;
  readonly agent: Agent;
}

/** As many as may be open. */
export const openRuns: ById<OpenRun> = shared('runs', () => new ById<OpenRun>(Number.POSITIVE_INFINITY));
/** Evicted runs, for later calls that name them, and whether some of them have been dropped. */
const evicted = shared('evicted', () => ({ runs: new ById<EvictedRun>(), hasForgotten: false }));

/**
 * Remembers that a run or handoff has ended, so that a late call can be told from one about another process. Keeps no
 * object alive.
 */
export function rememberEnded(id: string, sessionMark = 0): void {
  const mark = markOf(id);
  ended.marks[mark % SLOTS] = mark;
  ended.sessions[mark % SLOTS] = sessionMark;
}

export function hasEnded(id: string): boolean {
  const mark = markOf(id);
  return ended.marks[mark % SLOTS] === mark || evicted.runs.has(id);
}

export function rememberEvicted(runId: string, run: EvictedRun): void {
  if (evicted.runs.set(runId, run)) evicted.hasForgotten = true;
}

export function evictedRun(runId: string): EvictedRun | undefined {
  return evicted.runs.get(runId);
}

/**
 * Whether a run that is not open here may belong to the session with that mark. A run of another process may. A run of
 * this process that has been dropped cannot be told from one.
 */
export function mayBelongTo(sessionMark: number, runId: string): boolean {
  const mark = markOf(runId);
  if (ended.marks[mark % SLOTS] === mark) return ended.sessions[mark % SLOTS] === sessionMark;
  return !evicted.hasForgotten;
}

/**
 * The last eight digits of the span id, as a number. Parsed by hand, because `parseInt` costs as much as the rest of
 * the lookup.
 */
export function markOf(id: string): number {
  let mark = 0;
  for (let index = 44; index < 52; index++) {
    const code = id.charCodeAt(index);
    mark = (mark << 4) + (code & 15) + 9 * (code >> 6);
  }
  return mark >>> 0;
}
