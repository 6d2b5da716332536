import type { SpanContext } from '@opentelemetry/api';
import { ById } from '../by-id.ts';
import type { Diagnostics } from '../diagnostics.ts';
import type { Agent } from '../model.ts';
import { shared } from '../shared.ts';
import type { Activity } from '../scopes/scope.ts';
import type { Approval } from '../scopes/approval.ts';
import type { Handoff } from '../handoffs/handoff.ts';
import { OpenActivities } from './open-scopes.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { Run } from '../scopes/run.ts';
import type { SessionRecord } from './session-record.ts';

/** Of a run that gave way to newer ones. */
export interface EvictedRun {
  readonly sessionId: string;
  readonly agent: Agent;
}

/** What is open in this process, by id: for code that names ids where no async context leads. */
interface Registry {
  readonly sessions: ById<SessionRecord>;
  readonly runs: ById<Run>;
  readonly approvals: ById<Approval>;
  readonly handoffs: ById<Handoff>;
  /** Ids of open sessions that the sampler dropped: what names them is dropped with them. */
  readonly droppedSessions: ById<SpanContext>;
  /** Apart, so that many of them push no open one out. */
  readonly answeredHandoffs: ById<Handoff>;
  /** Runs that gave way, for what still names them, and whether some of them are forgotten. */
  readonly evicted: { readonly runs: ById<EvictedRun>; hasForgotten: boolean };
  /** All that is open, by kind, so that many of one kind push none of another out. */
  readonly open: Readonly<Record<'sessions' | 'runs' | 'approvals' | 'pieces', OpenActivities>>;
}

export const registry: Registry = shared('registry', () => ({
  // As many as may be open.
  sessions: new ById(Number.POSITIVE_INFINITY),
  runs: new ById(Number.POSITIVE_INFINITY),
  approvals: new ById(Number.POSITIVE_INFINITY),
  handoffs: new ById(),
  droppedSessions: new ById(),
  answeredHandoffs: new ById(),
  evicted: { runs: new ById(), hasForgotten: false },
  open: {
    sessions: new OpenActivities('sessions'),
    runs: new OpenActivities('runs'),
    approvals: new OpenActivities('approvals'),
    pieces: new OpenActivities('steps and calls'),
  },
}));

/** Keeps a value by its id; what had settled gives way in silence, what was open with a warning. */
export function remember<T>(map: ById<T>, id: string, value: T, diagnostics?: Diagnostics): void {
  if (!map.set(id, value)) return;
  diagnostics?.warn(
    'too_many_open',
    `more than ${map.limit} are open at once, so the first ones are forgotten: is a start… without its end() somewhere?`,
  );
}

/** A handoff of this process, open or answered. */
export function handoffById(id: string): Handoff | undefined {
  return registry.handoffs.get(id) ?? registry.answeredHandoffs.get(id);
}

/** Ends what a client has left open, the innermost first. */
export function endAllOf(recorder: Recorder): void {
  const its: Activity[] = [];
  for (const activities of Object.values(registry.open)) {
    for (const activity of activities) if (activity.recorder === recorder) its.push(activity);
  }
  its.sort((one, other) => other.startedAt - one.startedAt);
  for (const activity of its) activity.abandon();
}
