import type { ExportableSpan } from './exporter.ts';

/** The parts of a span that a view replaces. */
export type SpanChanges = {
  -readonly [Part in keyof ExportableSpan]?: ExportableSpan[Part];
};

/**
 * A view of a span for an exporter. The span is not changed, because other processors share it. The view is a copy, not
 * `Object.create(span)`, because private fields of a span class cannot be read through a prototype.
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
