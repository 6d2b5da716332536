import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { agentServices, onlyPipelines } from '../src/export.ts';
import { Baton } from '../src/index.ts';
import type { Question, Side } from './measure/question.ts';
import { inBaton } from './pipeline/baton.ts';

/**
 * What does the exporter plugin cost, beside turning the same spans into OTLP/JSON without it? So small a batch has three
 * resources for seven spans: what is sent is larger, and that is nearly all of it.
 */
export const exporterPlugin: Question = {
  name: 'exporter',
  title: 'the 7 spans to OTLP/JSON, with both exporter plugins',
  // What a round of JSON leaves behind does not fit into the young generation.
  measures: ['time'],
  async prepare() {
    return sides(await recorded(1));
  },
};

/** And for as many spans as a batch processor hands on at once? */
export const exporterBatch: Question = {
  name: 'exporter-batch',
  title: '511 spans to OTLP/JSON, with both exporter plugins',
  measures: ['time'],
  goal: { time: 1.05 },
  batch: 1,
  async prepare() {
    return sides(await recorded(73));
  },
};

function sides(spans: ReadableSpan[]): { baton: Side; other: Side } {
  return { baton: exporting(spans, agentServices(onlyPipelines(toJson()))), other: exporting(spans, toJson()) };
}

/** An exporter that does what all of them do, and stops before the network. */
function toJson(): SpanExporter {
  return {
    export(spans, callback) {
      JsonTraceSerializer.serializeRequest(spans);
      callback({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
}

async function recorded(pipelines: number): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const baton = new Baton({ agent: 'support-ops-orchestrator' });
  for (let pipeline = 0; pipeline < pipelines; pipeline++) await inBaton(baton);
  return memory.getFinishedSpans();
}

function exporting(spans: ReadableSpan[], exporter: SpanExporter): Side {
  return async () => {
    exporter.export(spans, () => {});
  };
}
