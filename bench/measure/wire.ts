import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Side } from './question.ts';

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly KeyValue[] }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: readonly KeyValue[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface WireRequest {
  readonly resourceSpans?: readonly { readonly scopeSpans?: readonly { readonly spans?: readonly WireSpan[] }[] }[];
}

/** Throws, with the differing lines, when the sides do not send the same spans: nobody wins by leaving something out. */
export async function checkSameSpans(baton: Side, other: Side): Promise<void> {
  const received: WireSpan[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { resourceSpans = [] } = JSON.parse(Buffer.concat(chunks).toString()) as WireRequest;
      for (const { scopeSpans = [] } of resourceSpans) for (const { spans = [] } of scopeSpans) received.push(...spans);
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const sent = async (side: Side): Promise<string[]> => {
    received.length = 0;
    await side();
    await provider.forceFlush();
    return asLines(received);
  };
  try {
    const lines = await sent(baton);
    if (lines.length === 0) throw new Error('no span arrived');
    const differing = difference(lines, await sent(other));
    if (differing.length > 0)
      throw new Error(`the sides send different spans (- Baton, + other)\n${differing.join('\n')}`);
  } finally {
    await provider.shutdown();
    receiver.closeAllConnections();
    receiver.close();
  }
}

/** Everything that is told about each span, one line per fact, with names in the place of ids and without times. */
function asLines(spans: readonly WireSpan[]): string[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const nameOf = (id: string | undefined): string => (id ? (names.get(id) ?? 'a span elsewhere') : 'none');
  const traces = new Set(spans.map(({ traceId }) => traceId));
  const sessions = new Map<string, number>();
  const fact = ({ key, value }: KeyValue): string => {
    const text = JSON.stringify(value);
    // Differ from one pipeline to the next: of a session's id it counts whose it is, of a length of time its type.
    if (key === 'session.id') {
      const number = sessions.get(text) ?? sessions.size + 1;
      sessions.set(text, number);
      return `${key} = ${Object.keys(value)} of session ${number}`;
    }
    if (key === 'baton.handoff.wait_ms') return `${key} = ${Object.keys(value)}`;
    return `${key} = ${text.replace(PLACE, (_place, id: string, flags: string) => `place of ${nameOf(id)}, flags ${flags}`)}`;
  };
  const facts = (attributes: readonly KeyValue[] = []): string[] => attributes.map(fact);
  const lines: string[] = [`traces: ${traces.size}`];
  for (const span of spans) {
    const own = [
      `kind = ${span.kind}`,
      `parent = ${nameOf(span.parentSpanId)}`,
      `status = ${JSON.stringify(span.status ?? {})}`,
      ...facts(span.attributes),
    ];
    for (const link of span.links ?? []) {
      const to = `link to ${nameOf(link.spanId)}`;
      own.push(to, ...facts(link.attributes).map((told) => `${to}: ${told}`));
    }
    for (const event of span.events ?? []) {
      const what = `event ${event.name}`;
      own.push(what, ...facts(event.attributes).map((told) => `${what}: ${told}`));
    }
    lines.push(...own.map((told) => `${span.name}: ${told}`));
  }
  return lines.sort();
}

/** A W3C `traceparent`. */
const PLACE = /\b00-[0-9a-f]{32}-([0-9a-f]{16})-([0-9a-f]{2})\b/g;

function difference(ours: readonly string[], theirs: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of ours) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of theirs) counts.set(line, (counts.get(line) ?? 0) - 1);
  const differing: string[] = [];
  for (const [line, count] of counts) {
    for (let times = 0; times < Math.abs(count); times++) differing.push(`${count > 0 ? '-' : '+'} ${line}`);
  }
  return differing.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
}
