import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

export interface TreeOptions {
  /** Attribute keys to print, in this order, without their namespace; default none. */
  readonly show?: readonly string[];
}

/**
 * The spans as an indented tree: name, kind where it is not INTERNAL, status, chosen attributes, links and events.
 * Children in order of their start; a span whose parent is not there is a root and says so.
 */
export function spanTree(spans: readonly ReadableSpan[], options: TreeOptions = {}): string {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const lines: string[] = [];
  const print = (span: ReadableSpan, depth: number): void => {
    lines.push(`${'  '.repeat(depth)}${describeSpan(span, names, options)}`);
    for (const child of inOrder(
      spans.filter((other) => other.parentSpanContext?.spanId === span.spanContext().spanId),
    )) {
      print(child, depth + 1);
    }
  };
  const roots = spans.filter((span) => !span.parentSpanContext || !ids.has(span.parentSpanContext.spanId));
  for (const root of inOrder(roots)) print(root, 0);
  return lines.join('\n');
}

function describeSpan(span: ReadableSpan, names: ReadonlyMap<string, string>, { show = [] }: TreeOptions): string {
  const parts = [span.name];
  if (span.kind !== SpanKind.INTERNAL) parts.push(SpanKind[span.kind] ?? '?');
  if (span.parentSpanContext && !names.has(span.parentSpanContext.spanId)) parts.push('(parent elsewhere)');
  if (span.status.code === SpanStatusCode.ERROR) parts.push(`ERROR(${span.status.message ?? ''})`);
  if (span.status.code === SpanStatusCode.OK) parts.push('OK');
  const shown = show.filter((key) => span.attributes[key] !== undefined);
  if (shown.length > 0) {
    parts.push(
      `{${shown.map((key) => `${key.split('.').slice(-2).join('.')}=${String(span.attributes[key])}`).join(' ')}}`,
    );
  }
  for (const link of span.links) {
    const name = names.get(link.context.spanId) ?? 'elsewhere';
    parts.push(`--${String(link.attributes?.['baton.link.type'] ?? 'link')}--> ${name}`);
  }
  if (span.events.length > 0) parts.push(`[${span.events.map((event) => event.name).join(', ')}]`);
  return parts.join(' ');
}

function inOrder(spans: readonly ReadableSpan[]): ReadableSpan[] {
  const at = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e6 + nanos / 1e3;
  return [...spans].sort((a, b) => at(a) - at(b));
}
