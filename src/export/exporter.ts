/**
 * The types that Baton's exporters need of OpenTelemetry's SDK. They are structural, so that both SDK lines fit and neither
 * is imported.
 */
import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';

/** A resource of either SDK line. */
export interface ExportableResource {
  readonly attributes: Attributes;
  // A method, so that each SDK line's own resource type fits.
  merge(other: never): ExportableResource;
}

/** An ended span of either SDK line. */
export interface ExportableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly events: readonly unknown[];
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly resource: ExportableResource;
  readonly instrumentationScope: unknown;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** A span exporter of either SDK line. */
export interface Exporter<Span extends ExportableSpan, Result> {
  export(spans: Span[], resultCallback: (result: Result) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}
