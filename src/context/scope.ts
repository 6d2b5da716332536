import { type Context, createContextKey, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';

const SCOPE_KEY = createContextKey('otel-baton.scope.v1');

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

/**
 * A context with an active span and a scope of ours over any other context. OpenTelemetry's own copies a Map for each
 * value that is set; this one has two fields, and never grows a chain: over another of its kind it takes its base.
 */
class ScopeContext implements Context {
  readonly base: Context;
  readonly span: Span | undefined;
  readonly scope: object | undefined;

  constructor(base: Context, span: Span | undefined, scope: object | undefined) {
    this.base = base;
    this.span = span;
    this.scope = scope;
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.span;
    if (key === SCOPE_KEY) return this.scope;
    return this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN_KEY) return new ScopeContext(this.base, value as Span, this.scope);
    if (key === SCOPE_KEY) return new ScopeContext(this.base, this.span, value as object);
    return new ScopeContext(this.base.setValue(key, value), this.span, this.scope);
  }

  deleteValue(key: symbol): Context {
    if (key === SPAN_KEY) return new ScopeContext(this.base, undefined, this.scope);
    if (key === SCOPE_KEY) return new ScopeContext(this.base, this.span, undefined);
    return new ScopeContext(this.base.deleteValue(key), this.span, this.scope);
  }
}

/** `around` with this span active and this scope current; baggage, suppression and foreign values stay. */
export function withScope(around: Context, span: Span | undefined, scope: object): Context {
  return new ScopeContext(around instanceof ScopeContext ? around.base : around, span, scope);
}

/** The scope of ours that the context is in, whichever copy of Baton opened it. */
export function scopeOf(context: Context): object | undefined {
  return context.getValue(SCOPE_KEY) as object | undefined;
}

/** The same context outside any scope and span. */
export function withoutScope(context: Context): Context {
  const base = context instanceof ScopeContext ? context.base : context.deleteValue(SCOPE_KEY);
  return base === ROOT_CONTEXT ? base : trace.deleteSpan(base);
}
