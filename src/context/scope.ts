import { type Context, createContextKey, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { VERSION } from '../version.ts';

/** Under it a context says what is around, to all versions of the package. What needs another shape gets another name. */
const SCOPE_KEY = createContextKey('otel-baton.surroundings.v1');
/** Where the copies of this version find the scope itself. */
const OWN: unique symbol = Symbol.for(`otel-baton@${VERSION}/scope`);
/** Where the contexts of all copies and versions say which context they stand on. */
const BASE: unique symbol = Symbol.for('otel-baton/base');

/** The key under which this API keeps the active span, learned from the API itself. */
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

/** What a scope of ours is: that of a session, a run or a piece of a run, or one in which nothing is recorded. */
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
 * What is around, as texts: all that two versions of the package in one process know of each other's scopes. The scope itself
 * stands beside it, under a symbol that other versions do not look for.
 */
export interface Surroundings {
  readonly version: string;
  /** Nothing is recorded here. */
  readonly silent: boolean;
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  readonly conversationId: string | undefined;
  /** The run around, and who is at work in it. */
  readonly runId: string | undefined;
  readonly agentKey: string | undefined;
  readonly [OWN]: Scope | undefined;
}

function told(scope: Scope): Surroundings {
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
 * A context with an active span and a scope of ours over any other context. OpenTelemetry's own copies a Map for each
 * value that is set; this one has two fields, and never grows a chain: over another of its kind it takes its base.
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
    // Made when somebody asks: who is at work may change.
    if (key === SCOPE_KEY) return this.scope && told(this.scope);
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

/** What a context of ours, of any copy and version, stands on; any other stands on itself. */
function baseOf(context: Context): Context {
  if (context instanceof ScopeContext) return context.base;
  // What others have built on top of one is none.
  const kind: object | null = Object.getPrototypeOf(context);
  return kind && Object.hasOwn(kind, BASE) ? (context as ScopeContext)[BASE] : context;
}

/** `around` with this span active and this scope current; baggage, suppression and foreign values stay. */
export function withScope(around: Context, span: Span | undefined, scope: Scope | undefined): Context {
  return new ScopeContext(baseOf(around), span, scope);
}

/** The scope of ours that the context is in, whichever copy of Baton opened it; of another version what it says of it. */
export function scopeOf(context: Context): Scope | Surroundings | undefined {
  if (context instanceof ScopeContext) return context.scope;
  const around = context.getValue(SCOPE_KEY) as Surroundings | undefined;
  return around?.[OWN] ?? around;
}

/** Whether it is all that is known of a scope of another version. */
export function isForeign(scope: Scope | Surroundings): scope is Surroundings {
  return 'version' in scope;
}

/** The same context outside any scope and span. */
export function withoutScope(context: Context): Context {
  const base = baseOf(context);
  if (base === ROOT_CONTEXT) return base;
  const outside = base.getValue(SCOPE_KEY) === undefined ? base : base.deleteValue(SCOPE_KEY);
  return trace.deleteSpan(outside);
}
