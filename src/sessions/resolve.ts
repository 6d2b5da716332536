import { type Context, trace } from '@opentelemetry/api';
import { ATTR_SESSION_ID } from '../attributes.ts';
import { fromId, toId } from '../context/place.ts';
import { isForeign, type Surroundings, scopeOf, withScope } from '../context/scope.ts';
import { describe } from '../errors.ts';
import type { Agent } from '../model.ts';
import type { Activity } from '../scopes/scope.ts';
import { sessionById } from '../handoffs/elsewhere.ts';
import { evictedRun, hasEnded, mayBelongTo } from './runs.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { registry } from './enclosing-scope.ts';
import type { Run } from '../scopes/run.ts';
import { SessionRecord } from './session-record.ts';
import type { SilentScope } from '../scopes/no-op.ts';

/** What a new span belongs to: the run or the session around it, found by id or by async context. */
export interface Around {
  readonly record: SessionRecord;
  /** The run, when it is open in this process. */
  readonly run: Run | undefined;
  readonly runId: string | undefined;
  readonly agent: Agent;
  /** The innermost activity of ours, when it is open in this process. */
  readonly activity: Activity | undefined;
  /** The context to start the span in: its active span is the parent. */
  readonly context: Context;
}

/** The scope of ours that is active, if any. One of another version of the package is joined by what it tells. */
export function activeScope(active: Context, recorder?: Recorder): Around | undefined {
  const scope = scopeOf(active) as Around | SilentScope | Surroundings | undefined;
  if (scope === undefined) return undefined;
  if (!('silent' in scope)) return scope;
  return scope.silent || !recorder || !isForeign(scope) ? undefined : joined(recorder, active, scope);
}

/** Of a scope of another version its session and its run, as of another process; its span is the active one. */
function joined(recorder: Recorder, active: Context, surroundings: Surroundings): Around {
  const { sessionId, userId, conversationId, runId, agentKey } = surroundings;
  const record = openSession(sessionId) ?? new SessionRecord(recorder, active, sessionId, userId, conversationId);
  const agent = agentKey === undefined ? recorder.agent : { key: agentKey };
  return { record, run: undefined, runId, agent, activity: undefined, context: active };
}

/**
 * Finds what `runId`, `sessionId` or the async context name, in this order. Ids of another process are places in its
 * trace; what cannot be one is warned about, and the async context stands in.
 */
export function locate(
  recorder: Recorder,
  active: Context,
  runId: string | undefined,
  givenSessionId: string | undefined,
  option: string,
): Around | undefined {
  const scope = activeScope(active, recorder);
  // Most name the session that they are in: nothing to look at twice.
  const isAround = scope !== undefined && scope.record.sessionId === givenSessionId;
  const sessionId = isAround ? scope.record.sessionId : sessionIdOf(recorder, givenSessionId);
  if (runId !== undefined && runId !== null) {
    if (scope?.runId === runId) return scope;
    const run = registry.runs.get(runId);
    if (run) return run;
    const place = elsewhere(recorder, active, runId, sessionId, scope, option);
    if (place) return place;
  }
  if (sessionId === undefined || scope?.record.sessionId === sessionId) return scope;
  // Else a session of the app's own that lives elsewhere: what happens here joins it by its id.
  return sessionById(recorder, active, sessionId);
}

function openSession(id: string | undefined): SessionRecord | undefined {
  return id === undefined ? undefined : registry.sessions.get(id);
}

/** A session's id as the app gave it, redacted; `undefined` for what is none. */
export function sessionIdOf(recorder: Recorder, given: unknown): string | undefined {
  if (typeof given === 'object' ? given !== null : typeof given === 'symbol' || typeof given === 'function') {
    recorder.diagnostics.misuse('unknown_session', `sessionId: expected the id of a session, got ${describe(given)}`);
    return undefined;
  }
  return recorder.content.name(given, ATTR_SESSION_ID) || undefined;
}

/** A run that is not open here: ended, or of another process. */
function elsewhere(
  recorder: Recorder,
  active: Context,
  runId: string,
  sessionId: string | undefined,
  scope: Around | undefined,
  option: string,
): Around | undefined {
  const place = fromId(runId);
  if (!place) {
    recorder.diagnostics.misuse(
      'unknown_run',
      `${option}: expected the id of a run ("00-{trace id}-{span id}-01"), got ${describe(runId)}; the active scope is used instead`,
    );
    return undefined;
  }
  const evicted = evictedRun(runId);
  if (evicted) place.isRemote = false;
  else if (hasEnded(runId)) {
    place.isRemote = false;
    recorder.diagnostics.misuse(
      'ended_run',
      `${option}: that run has ended; what is recorded hangs under it all the same`,
    );
  }
  const its = sessionId ?? evicted?.sessionId;
  // Better none than a wrong one: only what may belong to the session around does.
  const isAround =
    scope && (its === undefined ? mayBelongTo(scope.record.mark, runId) : its === scope.record.sessionId);
  const named = isAround || its === undefined ? undefined : sessionById(recorder, active, its);
  const record = (isAround ? scope.record : named) ?? new SessionRecord(recorder, active, its);
  const around = {
    record,
    run: undefined,
    runId: toId(place),
    agent: evicted?.agent ?? recorder.agent,
    activity: undefined,
    context: active,
  };
  around.context = withScope(active, trace.wrapSpanContext(place), around);
  return around;
}

/**
 * The context in which something inside `around` starts. Inside that scope it is the active one, so that the parent may
 * be a step or a foreign span; elsewhere the place itself, with the baggage of the active one.
 */
export function contextIn(around: Around, active: Context): Context {
  if (around.context === active) return active;
  const scope = activeScope(active);
  if (scope === around || (scope !== undefined && around.runId !== undefined && scope.runId === around.runId))
    return active;
  const span = trace.getSpan(around.context);
  return span ? withScope(active, span, around) : active;
}
