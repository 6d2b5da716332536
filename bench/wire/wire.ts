import { gzipSync } from 'node:zlib';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Baton } from '../../src/index.ts';
import { inBaton } from '../pipeline/baton.ts';

/** As many of its seven spans as a batch processor sends at once. */
const PIPELINES = 73;
const ROUNDS = 41;

const FORMATS = { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer } as const;

/** Prints how many bytes a pipeline is on the wire, what packing them costs, and which attributes they are for. */
export async function tellWire(): Promise<void> {
  const spans = await recorded();
  console.log(`${PIPELINES} pipelines of 7 spans in one request; bytes and microseconds of each pipeline\n`);
  console.log(line(['format', 'plain', 'gzip', 'serialise', 'gzip', 'gzip ÷ plain']));
  for (const [name, { serializeRequest }] of Object.entries(FORMATS)) {
    const plain = serializeRequest(spans) as Uint8Array;
    const packed = gzipSync(plain);
    const times = rounds(
      () => serializeRequest(spans),
      () => gzipSync(plain),
    );
    console.log(
      line([
        name,
        `${each(plain.length)} B`,
        `${each(packed.length)} B`,
        `${each(times[0])} µs`,
        `${each(times[1])} µs`,
        (packed.length / plain.length).toFixed(3),
      ]),
    );
  }
  const whole = bytesOf(spans);
  console.log(`\nby attribute: what a pipeline loses without it, in protobuf\n`);
  console.log(line(['attribute', 'spans', 'plain', 'share', 'gzip']));
  const keys = new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)));
  const rows = [...keys].map((key) => {
    const without = bytesOf(spans.map((span) => withoutKey(span, key)));
    const count = spans.filter(({ attributes }) => key in attributes).length;
    return { key, count: each(count), plain: whole.plain - without.plain, packed: whole.packed - without.packed };
  });
  for (const { key, count, plain, packed } of rows.sort((a, b) => b.plain - a.plain)) {
    const share = `${((plain / whole.plain) * 100).toFixed(1)} %`;
    console.log(line([key, String(count), `${each(plain)} B`, share, `${each(packed)} B`]));
  }
  const bare = bytesOf(spans.map((span) => changed(span, { attributes: {}, links: [], events: [] })));
  console.log(line(['no attributes, links, events', '7', `${each(bare.plain)} B`, '', `${each(bare.packed)} B`]));
}

async function recorded(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const baton = new Baton({ agent: 'support-ops-orchestrator' });
  for (let pipeline = 0; pipeline < PIPELINES; pipeline++) await inBaton(baton);
  return memory.getFinishedSpans();
}

function withoutKey(span: ReadableSpan, key: string): ReadableSpan {
  const { [key]: _, ...attributes } = span.attributes;
  return changed(span, { attributes });
}

function changed(span: ReadableSpan, changes: Partial<ReadableSpan>): ReadableSpan {
  return new Proxy(span, {
    get: (target, part) => (part in changes ? changes[part as keyof ReadableSpan] : Reflect.get(target, part, target)),
  });
}

function bytesOf(spans: ReadableSpan[]): { readonly plain: number; readonly packed: number } {
  const bytes = ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array;
  return { plain: bytes.length, packed: gzipSync(bytes).length };
}

/** Medians, in microseconds of processor time; what is compared takes turns. */
function rounds(...tasks: readonly (() => unknown)[]): number[] {
  const times = tasks.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, task] of tasks.entries()) {
      const before = process.cpuUsage();
      task();
      const { user, system } = process.cpuUsage(before);
      times[index]?.push(user + system);
    }
  }
  return times.map((all) => all.sort((a, b) => a - b)[all.length >> 1] ?? 0);
}

function each(amount: number | undefined): number {
  return Math.round((amount ?? 0) / PIPELINES);
}

function line([first = '', ...rest]: readonly string[]): string {
  return [first.padEnd(32), ...rest.map((cell) => cell.padStart(14))].join('');
}
