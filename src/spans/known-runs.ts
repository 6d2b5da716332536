import type { Agent } from '../model.ts';
import { Newest } from '../newest.ts';
import { shared, sharedByAll } from '../shared.ts';

/**
 * Runs that began or ended lately in this process, of all versions of the package: each has a place of its own by its id,
 * which a later one may take. Numbers and texts alone: it keeps nothing alive, and a run costs no more than a few stores.
 */
const PLACES = 8_192;
const known = sharedByAll('runs', () => ({
  marks: new Uint32Array(PLACES),
  ended: new Uint8Array(PLACES),
  sessions: new Array<string | undefined>(PLACES).fill(undefined),
}));

/** Of a run that gave way to newer ones. */
interface EvictedRun {
  readonly sessionId: string;
  readonly agent: Agent;
}

/** Here none takes the place of another. */
const evicted = shared('evicted', () => ({ runs: new Newest<EvictedRun>(), isFull: false }));

export function rememberStarted(runId: string, sessionId: string): void {
  write(runId, sessionId, 0);
}

/** Tells a late call, by the id of a run or of a handoff, from one of another process. */
export function rememberEnded(id: string, sessionId?: string): void {
  write(id, sessionId, 1);
}

export function rememberEvicted(runId: string, run: EvictedRun): void {
  if (evicted.runs.set(runId, run)) evicted.isFull = true;
}

export function hasEnded(id: string): boolean {
  const mark = markOf(id);
  const place = mark % known.marks.length;
  return known.marks[place] === mark && known.ended[place] === 1;
}

export function evictedRun(runId: string): EvictedRun | undefined {
  return evicted.runs.get(runId);
}

/** The session of a run of this process, as long as that is remembered. */
export function sessionIdOfRun(runId: string): string | undefined {
  const mark = markOf(runId);
  const place = mark % known.marks.length;
  return known.marks[place] === mark ? known.sessions[place] : undefined;
}

/** Whether a run that nobody knows may be one of this process all the same. */
export function hasForgottenRuns(): boolean {
  return evicted.isFull;
}

function write(id: string, sessionId: string | undefined, ended: 0 | 1): void {
  const mark = markOf(id);
  const place = mark % known.marks.length;
  known.marks[place] = mark;
  known.ended[place] = ended;
  known.sessions[place] = sessionId;
}

/** The last eight digits of the span id: enough to tell runs apart, and no string to keep. */
function markOf(id: string): number {
  return Number.parseInt(id.slice(44, 52), 16) >>> 0;
}
