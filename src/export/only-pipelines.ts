import { ATTR_SESSION_ID } from '../attributes.ts';
import { ById } from '../by-id.ts';
import type { ExportableSpan, Exporter } from './exporter.ts';

/** OpenTelemetry's result of an export that went well: there was nothing to send. */
const SUCCESS: unknown = { code: 0 };

/** An exporter that exports only pipelines, and counts the spans that it drops. */
export interface PipelineExporter<Span extends ExportableSpan, Result> extends Exporter<Span, Result> {
  /** The number of spans that did not belong to a pipeline. */
  readonly dropped: number;
}

/**
 * Exports only pipeline spans and their ancestors, for a second backend that receives the agents and not the rest of the app.
 * A pipeline span is one with a `session.id`. Works with any exporter, on both SDK lines.
 *
 * @example
 * ```ts
 * new BatchSpanProcessor(onlyPipelines(new OTLPTraceExporter()))
 * ```
 */
export function onlyPipelines<Span extends ExportableSpan, Result>(
  exporter: Exporter<Span, Result>,
): PipelineExporter<Span, Result> {
  return new OnlyPipelines(exporter);
}

class OnlyPipelines<Span extends ExportableSpan, Result> implements PipelineExporter<Span, Result> {
  dropped = 0;
  private readonly exporter: Exporter<Span, Result>;
  /** Span ids of ancestors that have not ended yet, as a parent comes after its children. One that never comes gives way. */
  readonly #awaited = new ById<true>();

  constructor(exporter: Exporter<Span, Result>) {
    this.exporter = exporter;
  }

  export(spans: Span[], resultCallback: (result: Result) => void): void {
    const wanted = this.#wanted(spans);
    this.dropped += spans.length - wanted.length;
    if (wanted.length > 0) this.exporter.export(wanted, resultCallback);
    else resultCallback(SUCCESS as Result);
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  toString(): string {
    return `onlyPipelines(${this.exporter.constructor.name})`;
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  #wanted(spans: Span[]): Span[] {
    let others: Map<string, Span> | undefined;
    for (const span of spans) {
      if (!this.#wants(span)) {
        others ??= new Map();
        others.set(span.spanContext().spanId, span);
        continue;
      }
      // Children mostly come before their parents; where not, what is above was passed over.
      let above = others?.get(span.parentSpanContext?.spanId ?? '');
      while (others && above && this.#wants(above)) {
        others.delete(above.spanContext().spanId);
        above = others.get(above.parentSpanContext?.spanId ?? '');
      }
    }
    return others ? spans.filter((span) => others.get(span.spanContext().spanId) !== span) : spans;
  }

  #wants(span: Span): boolean {
    const isAwaited = this.#awaited.delete(span.spanContext().spanId);
    if (!isAwaited && span.attributes[ATTR_SESSION_ID] === undefined) return false;
    const parent = span.parentSpanContext;
    if (parent && !parent.isRemote) this.#awaited.set(parent.spanId, true);
    return true;
  }
}
