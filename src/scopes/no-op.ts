import {
  type Context,
  context as contextApi,
  isSpanContextValid,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { toHeaderText } from '../context/header-text.ts';
import { CARRIER_SESSION, inject } from '../context/headers.ts';
import { scopeOf, withScope } from '../context/scope.ts';
import { isSuppressed } from '../context/suppress.ts';
import { formatTraceparent, parseTraceparent, randomSessionId, unrecordedId } from '../context/traceparent.ts';
import type { Diagnostics } from '../diagnostics.ts';
import type {
  Approval,
  Handoff,
  HandoffStatistics,
  ModelCall,
  Run,
  Session,
  SessionHandoffs,
  ToolCall,
  WorkflowStep,
} from '../handles.ts';
import type { Carrier, HandoffRequest } from '../model.ts';
import { complete, keepScope, keepScopeOfAll } from '../results/complete.ts';
import type { Completion } from '../results/completion.ts';
import { sessionIdOf } from '../sessions/resolve.ts';
import { droppedSessions } from '../sessions/session-record.ts';
import type { Recorder } from '../tracing/recorder.ts';

const NO_STATISTICS: HandoffStatistics = {
  totalHandoffs: 0,
  path: '',
  agentsInvolved: 0,
  agents: [],
  byStatus: {},
  loop: false,
};

const NO_HANDOFFS: SessionHandoffs = {
  count: 0,
  path: () => '',
  statistics: () => NO_STATISTICS,
  [Symbol.iterator]: () => [][Symbol.iterator](),
};

/**
 * The handle of a scope that is not recorded: Baton is disabled, there is no provider, tracing is suppressed, or the
 * span was not sampled. It does nothing and costs next to nothing. Its ids are created on demand, unique and in valid
 * form.
 */
export class NoOp implements Session, Run, WorkflowStep, ToolCall, ModelCall, Handoff, Approval {
  private readonly session: boolean;
  private ownId: string | undefined;
  private givenSessionId: string | undefined;

  constructor(session: boolean, id?: string, sessionId?: string) {
    this.session = session;
    this.ownId = id;
    this.givenSessionId = sessionId;
  }

  get id(): string {
    if (this.session) return this.sessionId;
    this.ownId ??= unrecordedId();
    return this.ownId;
  }

  get sessionId(): string {
    this.givenSessionId ??= randomSessionId();
    return this.givenSessionId;
  }

  get handoffs(): SessionHandoffs {
    return NO_HANDOFFS;
  }

  get handoff(): undefined {
    return undefined;
  }

  carrier(): Record<string, string> {
    return { [CARRIER_SESSION]: toHeaderText(this.sessionId) };
  }
  suspend(): Carrier {
    return this.carrier();
  }
  approve(): void {}
  reject(): void {}
  expire(): void {}
  within<T>(fn: () => T): T {
    return fn();
  }
  perform<T>(fn: (handle: this) => T): T {
    return fn(this);
  }
  setMetadata(): void {}
  setOutputSummary(): void {}
  setUsage(): void {}
  setAgent(): void {}
  setPayloadSummary(): void {}
  setResult(): void {}
  setCached(): void {}
  setResponse(): void {}
  end(): void {}
  fail(): void {}
  [Symbol.dispose](): void {
    this.end();
  }
  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }
}

/** Marks a context in which nothing is recorded, so that no code inside it tries to. */
class NoOpScope {
  readonly silent = true;
  readonly sessionId: string | undefined;
  /** No callback of an enclosing scope is running, so no outer scope handles what a promise in here resolves to. */
  readonly isOpen: boolean;

  constructor(sessionId: string | undefined, isOpen = false) {
    this.sessionId = sessionId;
    this.isOpen = isOpen;
  }
}

function withinNoOp<T>(context: Context, fn: () => T): T {
  const scope = new NoOpScope(sessionIdAround(context), true);
  return contextApi.with(withScope(context, trace.getSpan(context), scope), fn);
}

/**
 * A scope inside a no-op scope, or one that names a run or session that is not recorded. Everything in it is dropped,
 * spans of Baton and of others alike.
 */
class NoOpInside extends NoOp {
  private readonly context: Context;
  /** No outer scope keeps the context for what a promise resolves to. */
  private readonly isOutermost: boolean;

  constructor(session: boolean, sessionId: string | undefined, context: Context, isOutermost: boolean) {
    super(session, undefined, sessionId);
    this.context = context;
    this.isOutermost = isOutermost;
  }

  override within<T>(fn: () => T): T {
    return withinNoOp(this.context, fn);
  }

  override perform<T>(fn: (handle: this) => T): T {
    const result = contextApi.with(this.context, fn, undefined, this);
    return this.isOutermost ? keepScopeOfAll(result, this.context, fn) : keepScope(result, this.context);
  }
}

/** The handle of a scope whose enclosing or named run or session is not recorded. */
export function noOpInside(active: Context, session: boolean, sessionId?: string, runId?: string): NoOp {
  // Suppressing tracing applies to one call, not to a result that is read later.
  if (isSuppressed(active)) return new NoOp(session, undefined, sessionId);
  const scope = scopeOf(active) as Partial<NoOpScope> | undefined;
  if (scope?.silent) {
    const id = session ? sessionId : (sessionId ?? scope.sessionId);
    if (!scope.isOpen) return new NoOpInside(session, id, active, false);
    const context = withScope(active, trace.getSpan(active), new NoOpScope(scope.sessionId));
    return new NoOpInside(session, id, context, true);
  }
  const spanContext = parseTraceparent(runId) ?? droppedSessions.get(sessionId ?? '');
  const context = withScope(active, spanContext && trace.wrapSpanContext(spanContext), new NoOpScope(sessionId));
  return new NoOpInside(session, sessionId, context, true);
}

/** The session id of the enclosing scope. */
function sessionIdAround(active: Context): string | undefined {
  return scopeOf(active)?.sessionId;
}

/** A handoff that is not recorded. Its carrier still passes on the session and the unsampled span context. */
class NoOpHandoff extends NoOp {
  private readonly active: Context;
  private readonly sourceRunId: string | undefined;
  private readonly isInSession: boolean;

  constructor(active: Context, sessionId: string | undefined, sourceRunId: string | undefined) {
    super(false, undefined, sessionId);
    this.active = active;
    this.sourceRunId = sourceRunId;
    this.isInSession = sessionId !== undefined;
  }

  override carrier(): Record<string, string> {
    const carrier = inject(this.active);
    // The id of an unsampled run gives the trace, but no session.
    if (parseTraceparent(this.sourceRunId)) carrier.traceparent ??= this.sourceRunId as string;
    if (this.isInSession || carrier.traceparent === undefined) carrier[CARRIER_SESSION] = toHeaderText(this.sessionId);
    return carrier;
  }
}

/**
 * The handle of a span that the sampler dropped. Its context keeps the span, so that all spans below, of Baton and of
 * others, are dropped, too, and share its trace id.
 */
export class NonRecording extends NoOp implements Completion {
  readonly context: Context;
  readonly #isSession: boolean;

  constructor(session: boolean, span: Span, context: Context, sessionId?: string, diagnostics?: Diagnostics) {
    const spanContext = span.spanContext();
    super(session, isSpanContextValid(spanContext) ? formatTraceparent(spanContext) : undefined, sessionId);
    this.context = withScope(context, span, new NoOpScope(sessionId));
    this.#isSession = session;
    if (session && sessionId !== undefined) rememberDropped(sessionId, spanContext, diagnostics);
  }

  override within<T>(fn: () => T): T {
    return withinNoOp(this.context, fn);
  }

  readonly until = undefined;
  readonly ended = false;

  override perform<T>(fn: (handle: this) => T): T {
    let result: T;
    try {
      result = contextApi.with(this.context, fn, undefined, this);
    } catch (error) {
      this.end();
      throw error;
    }
    return complete(result, this, fn);
  }

  override end(): void {
    if (this.#isSession) droppedSessions.delete(this.sessionId);
  }

  override fail(): void {
    this.end();
  }

  done(): void {
    this.end();
  }
  failed(): void {
    this.end();
  }
  cancelled(): void {
    this.end();
  }
  given(): void {}
  holds(): void {}
  abandoned(): void {
    this.end();
  }
  cannotWatch(): void {
    this.end();
  }
}

function rememberDropped(sessionId: string, spanContext: SpanContext, diagnostics: Diagnostics | undefined): void {
  if (!droppedSessions.set(sessionId, spanContext)) return;
  diagnostics?.warn(
    'too_many_open',
    `more than ${droppedSessions.limit} sessions that are not sampled are open at once, so the first ones are forgotten: is a startSession without its end() somewhere?`,
  );
}

/** A no-op handoff, in the named session or the enclosing one. */
export function noOpHandoff(recorder: Recorder, active: Context, input: HandoffRequest): NoOp {
  const sessionId = sessionIdOf(recorder, input.sessionId) ?? sessionIdAround(active);
  return new NoOpHandoff(active, sessionId, input.sourceRunId);
}
