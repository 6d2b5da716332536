import { ATTR_SESSION_ID } from '../attributes.ts';
import type { ExportableSpan, Exporter } from './exporter.ts';

/** More open ancestors than these are forgotten, the oldest first: a parent in another process never comes. */
const MAX_AWAITED = 10_000;

/** OpenTelemetry's result of an export that went well: there was nothing to send. */
const SUCCESS: unknown = { code: 0 };

/** An exporter that lets just the pipelines through, and says how many other spans it kept back. */
export interface PipelineExporter<Span extends ExportableSpan, Result> extends Exporter<Span, Result> {
  /** How many spans did not belong to a pipeline. */
  readonly dropped: number;
}

/**
 * Lets just pipeline spans and their ancestors through: for a second backend that is meant for agents and not for the
 * rest of the app. A pipeline span is one with a `session.id`. Works in front of any exporter, on both SDK lines.
 */
export function onlyPipelines<Span extends ExportableSpan, Result>(
  exporter: Exporter<Span, Result>,
): PipelineExporter<Span, Result> {
  return new OnlyPipelines(exporter);
}

class OnlyPipelines<Span extends ExportableSpan, Result> implements PipelineExporter<Span, Result> {
  dropped = 0;
  private readonly exporter: Exporter<Span, Result>;
  /** Span ids of ancestors that have not ended yet: a parent comes after its children. */
  readonly #awaited = new Set<string>();

  constructor(exporter: Exporter<Span, Result>) {
    this.exporter = exporter;
  }

  export(spans: Span[], resultCallback: (result: Result) => void): void {
    let unwanted = spans.filter((span) => !this.#wants(span));
    // Children mostly come before their parents; where not, the next round finds what they need.
    for (let before = 0; unwanted.length !== before && unwanted.length > 0; ) {
      before = unwanted.length;
      unwanted = unwanted.filter((span) => !this.#wants(span));
    }
    this.dropped += unwanted.length;
    const others = new Set(unwanted);
    const wanted = others.size === 0 ? spans : spans.filter((span) => !others.has(span));
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

  #wants(span: Span): boolean {
    const isAwaited = this.#awaited.delete(span.spanContext().spanId);
    if (!isAwaited && span.attributes[ATTR_SESSION_ID] === undefined) return false;
    const parent = span.parentSpanContext;
    if (parent && !parent.isRemote) this.#await(parent.spanId);
    return true;
  }

  #await(spanId: string): void {
    if (this.#awaited.size >= MAX_AWAITED) {
      for (const oldest of this.#awaited) {
        this.#awaited.delete(oldest);
        break;
      }
    }
    this.#awaited.add(spanId);
  }
}
