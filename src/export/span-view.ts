import type { ExportableSpan } from './exporter.ts';

/** What an exporter gets in place of a span's own parts. */
export type SpanChanges = {
  -readonly [Part in keyof ExportableSpan]?: ExportableSpan[Part];
};

/**
 * A span as an exporter is to see it. No span is changed, because other processors share it. A copy and no `Object.create(span)`:
 * a span class with private fields would not answer through a prototype.
 */
export function viewOf<Span extends ExportableSpan>(span: Span, changes: SpanChanges): Span {
  const view: ExportableSpan = {
    name: changes.name ?? span.name,
    kind: span.kind,
    spanContext: () => span.spanContext(),
    parentSpanContext: span.parentSpanContext,
    startTime: span.startTime,
    endTime: span.endTime,
    status: changes.status ?? span.status,
    attributes: changes.attributes ?? span.attributes,
    links: changes.links ?? span.links,
    events: changes.events ?? span.events,
    duration: span.duration,
    ended: span.ended,
    resource: changes.resource ?? span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: changes.droppedAttributesCount ?? span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
  return view as Span;
}
