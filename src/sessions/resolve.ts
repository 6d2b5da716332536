import { type Context, trace } from '@opentelemetry/api';
import { ATTR_SESSION_ID } from '../attributes.ts';
import { isForeign, type Surroundings, scopeOf, withScope } from '../context/scope.ts';
import { isSuppressed } from '../context/suppress.ts';
import { formatTraceparent, parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { EnclosingScope } from './enclosing-scope.ts';
import { evictedRun, hasEnded, mayBelongTo, openRuns } from './runs.ts';
import { droppedSessions, openSession, SessionRecord, sessionById } from './session-record.ts';

/** Where nothing is recorded: tracing is suppressed, or what is around or named was not sampled. */
export const NOT_RECORDED: unique symbol = Symbol('not recorded');

/** What a context says of the scope around: one of ours, one of another version of the package, or one that records nothing. */
type Around = EnclosingScope | Surroundings | { readonly silent: true };

/**
 * Where something belongs that starts in `active`: to what `runId`, `sessionId` or the async context name, in this order. Ids of
 * another process are places in its trace; what cannot be one is warned about, and the async context stands in. `undefined` outside
 * any session.
 */
export function resolve(
  recorder: Recorder,
  active: Context,
  runId: string | undefined,
  sessionId: string | undefined,
  option: 'runId' | 'parentRunId' | 'sourceRunId',
): EnclosingScope | typeof NOT_RECORDED | undefined {
  if (isSuppressed(active)) return NOT_RECORDED;
  const around = scopeOf(active) as Around | undefined;
  if (isDropped(around, runId, sessionId)) return NOT_RECORDED;
  return locate(recorder, active, runId, sessionId, option, ours(around, active, recorder));
}

/** Whether something is recorded that starts in `active`, inside the run or the session that it names. */
export function isRecorded(active: Context, runId?: string, sessionId?: string): boolean {
  return !isSuppressed(active) && !isDropped(scopeOf(active) as Around | undefined, runId, sessionId);
}

/** What is around or named records nothing. A name that leads to a run that does, leads out of a scope that does not. */
function isDropped(around: Around | undefined, runId: string | undefined, sessionId: string | undefined): boolean {
  if (runId !== undefined && runId !== (around as Surroundings | undefined)?.runId) {
    if (openRuns.has(runId)) return false;
    if (parseTraceparent(runId)?.traceFlags === 0) return true;
  } else if (sessionId !== undefined && droppedSessions.get(sessionId) && !openSession(sessionId)) {
    return true;
  }
  return (around as Surroundings | undefined)?.silent === true;
}

/** The scope of ours that is active, if any. */
export function activeScope(active: Context): EnclosingScope | undefined {
  return ours(scopeOf(active) as Around | undefined, active, undefined);
}

/** One of another version of the package is joined by what it tells. */
function ours(around: Around | undefined, active: Context, recorder: Recorder | undefined): EnclosingScope | undefined {
  if (around === undefined) return undefined;
  if (!('silent' in around)) return around;
  return around.silent || !recorder || !isForeign(around) ? undefined : joined(recorder, active, around);
}

/** Of a scope of another version its session and its run, as of another process; its span is the active one. */
function joined(recorder: Recorder, active: Context, surroundings: Surroundings): EnclosingScope {
  const { sessionId, userId, conversationId, runId, agentKey } = surroundings;
  const open = sessionId === undefined ? undefined : openSession(sessionId);
  const record = open ?? new SessionRecord(recorder, active, sessionId, userId, conversationId);
  const agent = agentKey === undefined ? recorder.agent : { key: agentKey };
  return { record, run: undefined, runId, agent, scope: undefined, context: active };
}

/** `resolve`, where it is known that something is recorded. */
export function locate(
  recorder: Recorder,
  active: Context,
  runId: string | undefined,
  givenSessionId: string | undefined,
  option: 'runId' | 'parentRunId' | 'sourceRunId',
  scope: EnclosingScope | undefined = ours(scopeOf(active) as Around | undefined, active, recorder),
): EnclosingScope | undefined {
  // Most name the session that they are in: nothing to look at twice.
  const isAround = scope !== undefined && scope.record.sessionId === givenSessionId;
  const sessionId = isAround ? scope.record.sessionId : sessionIdOf(recorder, givenSessionId);
  if (runId !== undefined && runId !== null) {
    if (scope?.runId === runId) return scope;
    const run = openRuns.get(runId);
    if (run) return run;
    const place = elsewhere(recorder, active, runId, sessionId, scope, option);
    if (place) return place;
  }
  if (sessionId === undefined || scope?.record.sessionId === sessionId) return scope;
  // Else a session of the app's own that lives elsewhere: what happens here joins it by its id.
  return sessionById(recorder, active, sessionId);
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
  scope: EnclosingScope | undefined,
  option: string,
): EnclosingScope | undefined {
  const place = parseTraceparent(runId);
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
    recorder.diagnostics.misuse('ended_run', `${option}: that run has ended; the span becomes its child nevertheless`);
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
    runId: formatTraceparent(place),
    agent: evicted?.agent ?? recorder.agent,
    scope: undefined,
    context: active,
  };
  around.context = withScope(active, trace.wrapSpanContext(place), around);
  return around;
}

/**
 * The context in which something inside `around` starts. Inside that scope it is the active one, so that the parent may
 * be a step or a foreign span; elsewhere the place itself, with the baggage of the active one.
 */
export function contextIn(around: EnclosingScope, active: Context): Context {
  if (around.context === active) return active;
  const scope = activeScope(active);
  if (scope === around || (scope !== undefined && around.runId !== undefined && scope.runId === around.runId))
    return active;
  const span = trace.getSpan(around.context);
  return span ? withScope(active, span, around) : active;
}
