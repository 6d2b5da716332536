import { type Context, createContextKey, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { VERSION } from '../version.ts';

/**
 * Under this key a context describes its scope to all versions of the package. A different shape needs a different
 * name.
 */
const SCOPE_KEY = createContextKey('otel-baton.surroundings.v1');
/** Under this symbol, copies of the same version find the scope itself. */
const OWN: unique symbol = Symbol.for(`otel-baton@${VERSION}/scope`);
/** Under this symbol, contexts of all copies and versions hold the context that they wrap. */
const BASE: unique symbol = Symbol.for('otel-baton/base');

/** The key under which this API stores the active span, learned from the API itself. */
const SPAN_KEY = learnSpanKey();

function learnSpanKey(): symbol {
  let key: symbol | undefined;
  const probe: Context = {
    getValue: () => undefined,
    setValue: (asked) => {
      key = asked;
      return probe;
    },
    deleteValue: () => probe,
  };
  trace.setSpan(probe, trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }));
  return key as symbol;
}

/** A scope of Baton: a session, a run, a piece of a run, or a no-op scope. */
export interface Scope {
  readonly silent?: boolean;
  readonly sessionId?: string | undefined;
  readonly record?: {
    readonly sessionId: string;
    readonly userId?: string | undefined;
    readonly conversationId?: string | undefined;
  };
  readonly runId?: string | undefined;
  readonly agent?: { readonly key: string };
}

/**
 * The enclosing scope as plain values: all that two versions of the package in one process know of each other's scopes.
 * The scope itself is stored under a symbol that other versions do not read.
 */
export interface Surroundings {
  readonly version: string;
  /** True in a no-op scope: nothing is recorded. */
  readonly silent: boolean;
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  readonly conversationId: string | undefined;
  /** The enclosing run and its agent. */
  readonly runId: string | undefined;
  readonly agentKey: string | undefined;
  readonly [OWN]: Scope | undefined;
}

function surroundingsOf(scope: Scope): Surroundings {
  const { silent = false, record, runId, agent } = scope;
  return {
    version: VERSION,
    silent,
    sessionId: record ? record.sessionId : scope.sessionId,
    userId: record?.userId,
    conversationId: record?.conversationId,
    runId,
    agentKey: runId === undefined ? undefined : agent?.key,
    [OWN]: scope,
  };
}

/**
 * A context with an active span and a Baton scope on top of any other context. OpenTelemetry's own context copies a Map
 * for each value that is set; this one has two fields. It never builds a chain: on top of another ScopeContext it takes
 * that one's base.
 */
class ScopeContext implements Context {
  readonly base: Context;
  readonly span: Span | undefined;
  readonly scope: Scope | undefined;

  constructor(base: Context, span: Span | undefined, scope: Scope | undefined) {
    this.base = base;
    this.span = span;
    this.scope = scope;
  }

  get [BASE](): Context {
    return this.base;
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.span;
    // Built on demand, because the agent of a run may change.
    if (key === SCOPE_KEY) return this.scope && surroundingsOf(this.scope);
    return this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN_KEY) return new ScopeContext(this.base, value as Span, this.scope);
    return new ScopeContext(this.base.setValue(key, value), this.span, this.scope);
  }

  deleteValue(key: symbol): Context {
    if (key === SPAN_KEY) return new ScopeContext(this.base, undefined, this.scope);
    if (key === SCOPE_KEY) return new ScopeContext(this.base, this.span, undefined);
    return new ScopeContext(this.base.deleteValue(key), this.span, this.scope);
  }
}

/** The context that a ScopeContext of any copy or version wraps; for any other context, the context itself. */
function baseOf(context: Context): Context {
  if (context instanceof ScopeContext) return context.base;
  // A subclass or a context derived from one is not a ScopeContext.
  const kind: object | null = Object.getPrototypeOf(context);
  return kind && Object.hasOwn(kind, BASE) ? (context as ScopeContext)[BASE] : context;
}

/** `parent` with this active span and this current scope. Baggage, suppression and foreign values stay. */
export function withScope(parent: Context, span: Span | undefined, scope: Scope | undefined): Context {
  return new ScopeContext(baseOf(parent), span, scope);
}

/** The Baton scope of a context, whichever copy opened it. For another version, only its description. */
export function scopeOf(context: Context): Scope | Surroundings | undefined {
  if (context instanceof ScopeContext) return context.scope;
  const surroundings = context.getValue(SCOPE_KEY) as Surroundings | undefined;
  return surroundings?.[OWN] ?? surroundings;
}

/** Whether the scope belongs to another version, so that only its description is known. */
export function isForeign(scope: Scope | Surroundings): scope is Surroundings {
  return 'version' in scope;
}

/** The same context without a scope and a span. */
export function withoutScope(context: Context): Context {
  const base = baseOf(context);
  if (base === ROOT_CONTEXT) return base;
  const outside = base.getValue(SCOPE_KEY) === undefined ? base : base.deleteValue(SCOPE_KEY);
  return trace.deleteSpan(outside);
}
