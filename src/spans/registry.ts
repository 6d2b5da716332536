import type { Diagnostics } from '../diagnostics.ts';
import { shared } from '../shared.ts';
import type { Approval } from './approval.ts';
import { ById } from './by-id.ts';
import type { Handoff } from './handoff.ts';
import type { Run } from './run.ts';
import type { SessionRecord } from './session-record.ts';

/** What is open in this process, by id: for code that names ids where no async context leads. */
interface Registry {
  readonly sessions: ById<SessionRecord>;
  readonly runs: ById<Run>;
  readonly approvals: ById<Approval>;
  readonly handoffs: ById<Handoff>;
  /** Ids of open sessions that the sampler dropped: what names them is dropped with them. */
  readonly droppedSessions: ById<true>;
  /** Apart, so that many of them push no open one out. */
  readonly answeredHandoffs: ById<Handoff>;
  /** Marks of the runs that ended lately, each in a place of its own that a later one may take. */
  readonly endedRuns: Uint32Array;
}

/** What never ends gives way to the newest; its id still works, as a place in a trace. */
const MAX_OPEN = 10_000;
const ENDED_RUNS = 4_096;

export const registry: Registry = shared('registry', () => ({
  sessions: new ById(),
  runs: new ById(),
  approvals: new ById(),
  handoffs: new ById(),
  droppedSessions: new ById(),
  answeredHandoffs: new ById(),
  endedRuns: new Uint32Array(ENDED_RUNS),
}));

/** Keeps a value by its id; what had settled gives way in silence, what was open with a warning. */
export function remember<T>(map: ById<T>, id: string, value: T, diagnostics?: Diagnostics): void {
  if (map.size >= MAX_OPEN) {
    if (map.oldest !== undefined) map.delete(map.oldest);
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

/** Tells a late call, by the id of a run or of a handoff, from one of another process, without keeping anything alive. */
export function rememberEnded(runId: string): void {
  const mark = markOf(runId);
  registry.endedRuns[mark % ENDED_RUNS] = mark;
}

export function hasEnded(runId: string): boolean {
  const mark = markOf(runId);
  return registry.endedRuns[mark % ENDED_RUNS] === mark;
}

/** The last eight digits of the span id: enough for a warning, and no string to keep. */
export function markOf(runId: string): number {
  return Number.parseInt(runId.slice(44, 52), 16) >>> 0;
}
