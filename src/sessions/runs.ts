import { ById } from '../by-id.ts';
import type { Agent } from '../model.ts';
import { shared } from '../shared.ts';
import type { OpenRun } from './enclosing-scope.ts';

/**
 * Marks of what has ended lately, and of its session, each in a place of its own that a later one may take. Numbers alone: a text
 * that is kept for each run costs more than all else that is done for it, when garbage is collected.
 */
const PLACES = 4_096;
const ended = shared('ended', () => ({ marks: new Uint32Array(PLACES), sessions: new Uint32Array(PLACES) }));

/** Of a run that gave way to newer ones. */
export interface EvictedRun {
  readonly sessionId: string;
  readonly agent: Agent;
}

/** As many as may be open. */
export const openRuns: ById<OpenRun> = shared('runs', () => new ById<OpenRun>(Number.POSITIVE_INFINITY));
/** Runs that gave way, for what still names them, and whether some of them are forgotten. */
const evicted = shared('evicted', () => ({ runs: new ById<EvictedRun>(), hasForgotten: false }));

/** Tells a late call, by the id of a run or of a handoff, from one of another process, without keeping anything alive. */
export function rememberEnded(id: string, sessionMark = 0): void {
  const mark = markOf(id);
  ended.marks[mark % PLACES] = mark;
  ended.sessions[mark % PLACES] = sessionMark;
}

export function hasEnded(id: string): boolean {
  const mark = markOf(id);
  return ended.marks[mark % PLACES] === mark || evicted.runs.has(id);
}

export function rememberEvicted(runId: string, run: EvictedRun): void {
  if (evicted.runs.set(runId, run)) evicted.hasForgotten = true;
}

export function evictedRun(runId: string): EvictedRun | undefined {
  return evicted.runs.get(runId);
}

/**
 * Whether a run that is not open here may belong to the session of that mark: one of another process may. Of one that was here and is
 * forgotten nobody can tell.
 */
export function mayBelongTo(sessionMark: number, runId: string): boolean {
  const mark = markOf(runId);
  if (ended.marks[mark % PLACES] === mark) return ended.sessions[mark % PLACES] === sessionMark;
  return !evicted.hasForgotten;
}

/** The last eight digits of the span id. By hand, because `parseInt` costs as much as all the rest here. */
export function markOf(id: string): number {
  let mark = 0;
  for (let index = 44; index < 52; index++) {
    const code = id.charCodeAt(index);
    mark = (mark << 4) + (code & 15) + 9 * (code >> 6);
  }
  return mark >>> 0;
}
