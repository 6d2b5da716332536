import type { Diagnostics } from '../diagnostics.ts';
import { shared } from '../shared.ts';
import type { Handoff } from './handoff.ts';
import type { Run } from './run.ts';
import type { SessionRecord } from './session-record.ts';

/** What is open in this process, by id: for code that names ids where no async context leads. */
interface Registry {
  readonly sessions: Map<string, SessionRecord>;
  readonly runs: Map<string, Run>;
  readonly handoffs: Map<string, Handoff>;
  /** Ids of runs that ended lately, in two generations: enough to tell a late call from a run of another process. */
  endedRuns: Set<string>;
  olderEndedRuns: Set<string>;
}

/** What never ends gives way to the newest; its id still works, as a place in a trace. */
const MAX_OPEN = 10_000;
const ENDED_GENERATION = 1_000;
const MAX_LOOKED_AT = 100;

export const registry: Registry = shared('registry', () => ({
  sessions: new Map(),
  runs: new Map(),
  handoffs: new Map(),
  endedRuns: new Set(),
  olderEndedRuns: new Set(),
}));

export function remember<T extends object>(map: Map<string, T>, id: string, value: T, diagnostics: Diagnostics): void {
  if (map.size >= MAX_OPEN) makeRoom(map as Map<string, Remembered>, diagnostics);
  map.set(id, value);
}

interface Remembered {
  /** Kept only in case somebody names it again. */
  readonly settled?: boolean;
}

/** Forgets the oldest that has settled; the oldest of all, and says so, where none of the first hundred has. */
function makeRoom(map: Map<string, Remembered>, diagnostics: Diagnostics): void {
  let looked = 0;
  for (const [id, { settled }] of map) {
    if (settled) return void map.delete(id);
    looked++;
    if (looked >= MAX_LOOKED_AT) break;
  }
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
  diagnostics.warn('too_many_open', `more than ${MAX_OPEN} are open at once: is a start… without its end() somewhere?`);
}

export function rememberEnded(runId: string): void {
  if (registry.endedRuns.size >= ENDED_GENERATION) {
    registry.olderEndedRuns = registry.endedRuns;
    registry.endedRuns = new Set();
  }
  registry.endedRuns.add(runId);
}

export function hasEnded(runId: string): boolean {
  return registry.endedRuns.has(runId) || registry.olderEndedRuns.has(runId);
}
