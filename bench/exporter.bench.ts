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

/** What does the exporter plugin cost, beside turning the same spans into OTLP/JSON without it? */
export const exporterPlugin: Question = {
  name: 'exporter',
  title: 'the 7 spans to OTLP/JSON, with both exporter plugins',
  // What a round of JSON leaves behind does not fit into the young generation.
  measures: ['time'],
  async prepare() {
    const spans = await recorded();
    return { baton: exporting(spans, agentServices(onlyPipelines(toJson()))), other: exporting(spans, toJson()) };
  },
};

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

async function recorded(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  await inBaton(new Baton({ agent: 'support-ops-orchestrator' }));
  return memory.getFinishedSpans();
}

function exporting(spans: ReadableSpan[], exporter: SpanExporter): Side {
  return async () => {
    exporter.export(spans, () => {});
  };
}
