import {
  deduplicateSpans,
  type RecordedAttributes,
  type RecordedSpan,
  type RecordedSpanKind,
  type RecordedStatus,
} from '../span.ts';
import { dropsOf } from './otlp-span.ts';

/**
 * A finished span of the OpenTelemetry JS SDK: what `InMemorySpanExporter.getFinishedSpans()` returns, and what a
 * `SpanProcessor` gets in `onEnd`. Described by its shape, which the lines 2.x and 3.x share, so that no SDK is needed.
 */
export interface FinishedSpan {
  readonly name: string;
  readonly kind: number;
  spanContext(): { readonly traceId: string; readonly spanId: string };
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  readonly startTime: readonly [seconds: number, nanoseconds: number];
  readonly endTime: readonly [seconds: number, nanoseconds: number];
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: object;
  readonly links: readonly {
    readonly context: { readonly traceId: string; readonly spanId: string };
    readonly attributes?: object | undefined;
    readonly droppedAttributesCount?: number | undefined;
  }[];
  readonly events: readonly {
    readonly name: string;
    readonly time: readonly [seconds: number, nanoseconds: number];
    readonly attributes?: object | undefined;
    readonly droppedAttributesCount?: number | undefined;
  }[];
  readonly droppedAttributesCount?: number | undefined;
  readonly droppedEventsCount?: number | undefined;
  readonly droppedLinksCount?: number | undefined;
  readonly resource: { readonly attributes: object };
  readonly instrumentationScope: { readonly name: string };
}

const KINDS: readonly RecordedSpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_CODES: readonly RecordedStatus['code'][] = ['unset', 'ok', 'error'];

/**
 * Spans from this process, as the SDK finished them.
 *
 * @example
 * ```ts
 * const [timeline] = buildTimelines(readFinishedSpans(exporter.getFinishedSpans()));
 * ```
 */
export function readFinishedSpans(spans: Iterable<FinishedSpan>): RecordedSpan[] {
  return deduplicateSpans(Array.from(spans, toRecordedSpan));
}

function toRecordedSpan(span: FinishedSpan): RecordedSpan {
  const { traceId, spanId } = span.spanContext();
  const { code, message } = span.status;
  return {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: KINDS[span.kind] ?? 'unspecified',
    startUnixNano: toNanos(span.startTime),
    endUnixNano: toNanos(span.endTime),
    attributes: toAttributes(span.attributes),
    events: span.events.map(({ name, time, attributes }) => ({
      name,
      timeUnixNano: toNanos(time),
      attributes: toAttributes(attributes),
    })),
    links: span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: toAttributes(attributes),
    })),
    status: message ? { code: STATUS_CODES[code] ?? 'unset', message } : { code: STATUS_CODES[code] ?? 'unset' },
    resource: toAttributes(span.resource.attributes),
    scope: span.instrumentationScope.name,
    dropped: dropsOf({
      attributes: [span, ...span.events, ...span.links].reduce(
        (sum, { droppedAttributesCount = 0 }) => sum + droppedAttributesCount,
        0,
      ),
      events: span.droppedEventsCount,
      links: span.droppedLinksCount,
    }),
  };
}

/** A copy: the SDK may still hold the object, and a replay is a picture of one moment. */
function toAttributes(attributes: object | undefined): RecordedAttributes {
  return { ...attributes };
}

/** The SDK's `HrTime` may carry fractions of a nanosecond after arithmetic on it. */
function toNanos([seconds, nanoseconds]: FinishedSpan['startTime']): bigint {
  return whole(seconds) * 1_000_000_000n + whole(nanoseconds);
}

/** No time at all, where arithmetic went wrong. */
function whole(number: number): bigint {
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
}
