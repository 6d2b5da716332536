import { type Context, trace } from '@opentelemetry/api';
import { ATTR_SESSION_ID } from '../attributes.ts';
import { isForeign, type Surroundings, scopeOf, withScope } from '../context/scope.ts';
import { isSuppressed } from '../context/suppress.ts';
import { formatTraceparent, isUnsampled, parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { EnclosingScope } from './enclosing-scope.ts';
import { evictedRun, hasEnded, mayBelongTo, openRuns } from './runs.ts';
import { droppedSessions, openSession, SessionRecord, sessionById } from './session-record.ts';

/** Nothing is recorded: tracing is suppressed, or the enclosing or named scope was not sampled. */
export const NOT_RECORDED: unique symbol = Symbol('not recorded');

/** The scope of a context: one of Baton, the description of one of another version, or a no-op scope. */
type ContextScope = EnclosingScope | Surroundings | { readonly silent: true };

/**
 * Finds the enclosing scope of what starts in `active`: named by `runId`, else by `sessionId`, else by the async
 * context. An id of another process is a span context in its trace. An invalid id is warned about, and the async
 * context is used instead. Returns `undefined` outside any session.
 */
export function resolve(
  recorder: Recorder,
  active: Context,
  runId: string | undefined,
  sessionId: string | undefined,
  option: 'runId' | 'parentRunId' | 'sourceRunId',
): EnclosingScope | typeof NOT_RECORDED | undefined {
  if (isSuppressed(active)) return NOT_RECORDED;
  const enclosing = scopeOf(active) as ContextScope | undefined;
  if (isDropped(enclosing, runId, sessionId)) return NOT_RECORDED;
  return locate(recorder, active, runId, sessionId, option, toEnclosingScope(enclosing, active, recorder));
}

/** Whether something that starts in `active`, inside the named run or session, is recorded. */
export function isRecorded(active: Context, runId?: string, sessionId?: string): boolean {
  return !isSuppressed(active) && !isDropped(scopeOf(active) as ContextScope | undefined, runId, sessionId);
}

/**
 * Whether the enclosing or named scope is not recorded. Inside a no-op scope, the id of a recorded run is recorded all
 * the same.
 */
function isDropped(
  enclosing: ContextScope | undefined,
  runId: string | undefined,
  sessionId: string | undefined,
): boolean {
  if (runId !== undefined && runId !== (enclosing as Surroundings | undefined)?.runId) {
    if (openRuns.has(runId)) return false;
    if (isUnsampled(runId)) return true;
  } else if (sessionId !== undefined && droppedSessions.get(sessionId) && !openSession(sessionId)) {
    return true;
  }
  return (enclosing as Surroundings | undefined)?.silent === true;
}

/** The active Baton scope, if any. */
export function activeScope(active: Context): EnclosingScope | undefined {
  return toEnclosingScope(scopeOf(active) as ContextScope | undefined, active, undefined);
}

/** A scope of another version is joined by its description. */
function toEnclosingScope(
  enclosing: ContextScope | undefined,
  active: Context,
  recorder: Recorder | undefined,
): EnclosingScope | undefined {
  if (enclosing === undefined) return undefined;
  if (!('silent' in enclosing)) return enclosing;
  return enclosing.silent || !recorder || !isForeign(enclosing) ? undefined : joinForeign(recorder, active, enclosing);
}

/**
 * The enclosing scope for a scope of another version: its session and run are treated like those of another process,
 * and its span is the active one.
 */
function joinForeign(recorder: Recorder, active: Context, surroundings: Surroundings): EnclosingScope {
  const { sessionId, userId, conversationId, runId, agentKey } = surroundings;
  const open = sessionId === undefined ? undefined : openSession(sessionId);
  const record = open ?? new SessionRecord(recorder, active, sessionId, userId, conversationId);
  const agent = agentKey === undefined ? recorder.agent : { key: agentKey };
  return { record, run: undefined, runId, agent, scope: undefined, context: active };
}

/** Like `resolve`, for callers that know that something is recorded. */
export function locate(
  recorder: Recorder,
  active: Context,
  runId: string | undefined,
  givenSessionId: string | undefined,
  option: 'runId' | 'parentRunId' | 'sourceRunId',
  scope: EnclosingScope | undefined = toEnclosingScope(scopeOf(active) as ContextScope | undefined, active, recorder),
): EnclosingScope | undefined {
  // Most callers name the session that they are in, so its id needs no second check.
  const isEnclosing = scope !== undefined && scope.record.sessionId === givenSessionId;
  const sessionId = isEnclosing ? scope.record.sessionId : sessionIdOf(recorder, givenSessionId);
  if (runId !== undefined && runId !== null) {
    if (scope?.runId === runId) return scope;
    const run = openRuns.get(runId);
    if (run) return run;
    const closedRun = enclosingOfClosedRun(recorder, active, runId, sessionId, scope, option);
    if (closedRun) return closedRun;
  }
  if (sessionId === undefined || scope?.record.sessionId === sessionId) return scope;
  // Otherwise it is a session of another process; what happens here joins it by its id.
  return sessionById(recorder, active, sessionId);
}

/** The app's session id, redacted; `undefined` for an invalid value. */
export function sessionIdOf(recorder: Recorder, given: unknown): string | undefined {
  if (typeof given === 'object' ? given !== null : typeof given === 'symbol' || typeof given === 'function') {
    recorder.diagnostics.misuse('unknown_session', `sessionId: expected the id of a session, got ${describe(given)}`);
    return undefined;
  }
  return recorder.content.name(given, ATTR_SESSION_ID) || undefined;
}

/** The enclosing scope for a run that is not open here: ended, or of another process. */
function enclosingOfClosedRun(
  recorder: Recorder,
  active: Context,
  runId: string,
  sessionId: string | undefined,
  scope: EnclosingScope | undefined,
  option: string,
): EnclosingScope | undefined {
  const spanContext = parseTraceparent(runId);
  if (!spanContext) {
    recorder.diagnostics.misuse(
      'unknown_run',
      `${option}: expected the id of a run ("00-{trace id}-{span id}-01"), got ${describe(runId)}; the active scope is used instead`,
    );
    return undefined;
  }
  const evicted = evictedRun(runId);
  if (evicted) spanContext.isRemote = false;
  else if (hasEnded(runId)) {
    spanContext.isRemote = false;
    recorder.diagnostics.misuse('ended_run', `${option}: that run has ended; the span becomes its child nevertheless`);
  }
  const ownSessionId = sessionId ?? evicted?.sessionId;
  // No session is better than a wrong one: the enclosing session is used only for a run that may belong to it.
  const isEnclosing =
    scope &&
    (ownSessionId === undefined ? mayBelongTo(scope.record.mark, runId) : ownSessionId === scope.record.sessionId);
  const named = isEnclosing || ownSessionId === undefined ? undefined : sessionById(recorder, active, ownSessionId);
  const record = (isEnclosing ? scope.record : named) ?? new SessionRecord(recorder, active, ownSessionId);
  const enclosing = {
    record,
    run: undefined,
    runId: formatTraceparent(spanContext),
    agent: evicted?.agent ?? recorder.agent,
    scope: undefined,
    context: active,
  };
  enclosing.context = withScope(active, trace.wrapSpanContext(spanContext), enclosing);
  return enclosing;
}

/**
 * The context in which something inside `enclosing` starts. In code that runs inside that scope, this is the active
 * context, so that the parent may be a step or a foreign span. Elsewhere it has the scope's span, and the baggage of
 * the active context.
 */
export function contextIn(enclosing: EnclosingScope, active: Context): Context {
  if (enclosing.context === active) return active;
  const scope = activeScope(active);
  if (scope === enclosing || (scope !== undefined && enclosing.runId !== undefined && scope.runId === enclosing.runId))
    return active;
  const span = trace.getSpan(enclosing.context);
  return span ? withScope(active, span, enclosing) : active;
}
