/** OpenTelemetry's kind as a word: OTLP counts from 1, the JS SDK from 0, Tempo writes words; a word cannot be off by one. */
export type RecordedSpanKind = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** Attributes as they came. What is odd stays odd here: whoever reads a value checks it. */
export type RecordedAttributes = Readonly<Record<string, unknown>>;

export interface RecordedEvent {
  readonly name: string;
  readonly timeUnixNano: bigint;
  readonly attributes: RecordedAttributes;
}

export interface RecordedLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: RecordedAttributes;
}

/** How much the limits of an SDK kept out of a span. */
export interface RecordedDrops {
  /** Of the span, its events and its links. */
  readonly attributes: number;
  readonly events: number;
  readonly links: number;
}

export interface RecordedStatus {
  readonly code: 'unset' | 'ok' | 'error';
  readonly message?: string | undefined;
}

/**
 * One finished span as a replay reads it, whichever source it came from.
 *
 * Times are whole nanoseconds, as on the wire. A number would round them to a quarter of a microsecond, and an answer
 * that came 100 ns before another would change places with it.
 */
export interface RecordedSpan {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: RecordedSpanKind;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly attributes: RecordedAttributes;
  readonly events: readonly RecordedEvent[];
  readonly links: readonly RecordedLink[];
  readonly status: RecordedStatus;
  /** Attributes of the resource: `service.name` and its like. */
  readonly resource: RecordedAttributes;
  /** Name of the instrumentation scope. */
  readonly scope: string;
  /** Missing where nothing was dropped. */
  readonly dropped?: RecordedDrops | undefined;
}

/** A span's place as one text, to find it by. */
export function spanKey(span: { readonly traceId: string; readonly spanId: string }): string {
  return `${span.traceId}:${span.spanId}`;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-/;

/** The key of the span that an id of ours names: such an id is a W3C `traceparent`. */
export function spanKeyOfId(id: string | undefined): string | undefined {
  const match = id === undefined ? null : TRACEPARENT.exec(id);
  return match ? `${match[1]}:${match[2]}` : undefined;
}

/** An id of ours for a span that lacks it. */
export function idOfSpan(span: { readonly traceId: string; readonly spanId: string }): string {
  return `00-${span.traceId}-${span.spanId}-01`;
}

/** By time; what began at once in an order that does not depend on the source. */
export function compareSpans(one: RecordedSpan, other: RecordedSpan): number {
  return compareBigint(one.startUnixNano, other.startUnixNano) || (spanKey(one) < spanKey(other) ? -1 : 1);
}

export function compareBigint(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Each span once, in the order of first sight. Exporters deliver at least once, and a span that was saved while it ran
 * may come again when it has ended: the copy with the later end is the whole one.
 */
export function deduplicateSpans(spans: Iterable<RecordedSpan>): RecordedSpan[] {
  const byKey = new Map<string, RecordedSpan>();
  for (const span of spans) {
    const key = spanKey(span);
    const known = byKey.get(key);
    if (known === undefined || span.endUnixNano > known.endUnixNano) byKey.set(key, span);
  }
  return [...byKey.values()];
}
