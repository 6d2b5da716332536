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
  /** Apart, so that many of them push no open one out. */
  readonly answeredHandoffs: Map<string, Handoff>;
  /** Ids of runs that ended lately, in two generations: enough to tell a late call from a run of another process. */
  endedRuns: Set<string>;
  olderEndedRuns: Set<string>;
}

/** What never ends gives way to the newest; its id still works, as a place in a trace. */
const MAX_OPEN = 10_000;
const ENDED_GENERATION = 1_000;

export const registry: Registry = shared('registry', () => ({
  sessions: new Map(),
  runs: new Map(),
  handoffs: new Map(),
  answeredHandoffs: new Map(),
  endedRuns: new Set(),
  olderEndedRuns: new Set(),
}));

/** Keeps a value by its id; what had settled gives way in silence, what was open with a warning. */
export function remember<T>(map: Map<string, T>, id: string, value: T, diagnostics?: Diagnostics): void {
  if (map.size >= MAX_OPEN) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
    diagnostics?.warn(
      'too_many_open',
      `more than ${MAX_OPEN} are open at once: is a start… without its end() somewhere?`,
    );
  }
  map.set(id, value);
}

/** A handoff of this process, open or answered. */
export function handoffById(id: string): Handoff | undefined {
  return registry.handoffs.get(id) ?? registry.answeredHandoffs.get(id);
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
