import type { RecordedAttributes, RecordedSpan } from '../../src/replay/span.ts';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_CODES = ['unset', 'ok', 'error'];

/** Spans as an exporter writes them: one line of OTLP/JSON. */
export function toOtlpLine(spans: readonly RecordedSpan[]): string {
  const { resource = {}, scope = '' } = spans[0] ?? {};
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: scope, version: '0.1.0' }, spans: spans.map(toOtlpSpan) }],
      },
    ],
  });
}

function toOtlpSpan(span: RecordedSpan): object {
  const { traceId, spanId, parentSpanId, name, kind, attributes, events, links, status, dropped } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: KINDS.indexOf(kind),
    startTimeUnixNano: String(span.startUnixNano),
    endTimeUnixNano: String(span.endUnixNano),
    attributes: keyValues(attributes),
    events: events.map((event) => ({
      name: event.name,
      timeUnixNano: String(event.timeUnixNano),
      attributes: keyValues(event.attributes),
    })),
    links: links.map((link) => ({ ...link, attributes: keyValues(link.attributes) })),
    droppedAttributesCount: dropped?.attributes,
    droppedEventsCount: dropped?.events,
    droppedLinksCount: dropped?.links,
    status: status.code === 'unset' ? {} : { code: STATUS_CODES.indexOf(status.code), message: status.message },
  };
}

function keyValues(attributes: RecordedAttributes): object[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: toValue(value) }));
}

function toValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toValue) } };
  return {};
}
