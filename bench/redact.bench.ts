import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { redactSpans } from '../src/export.ts';
import type { Question, Side } from './measure/question.ts';

/** What does it cost to look through the spans of others for secrets, beside turning them into OTLP/JSON without? */
export const redactHarmless: Question = {
  name: 'redact-spans',
  title: '10 foreign spans to OTLP/JSON, with redactSpans()',
  measures: ['time'],
  prepare: () => sides('page=2'),
};

/** And where each of them has a secret? */
export const redactSecrets: Question = {
  name: 'redact-secrets',
  title: 'the same with a secret in each',
  measures: ['time'],
  prepare: () => sides('page=2&token=q7Wb3Xk9Lm2Vt5'),
};

function sides(query: string): { baton: Side; other: Side } {
  const spans = recorded(query);
  return { baton: exporting(spans, redactSpans(toJson())), other: exporting(spans, toJson()) };
}

function toJson(): SpanExporter {
  return {
    export(spans, callback) {
      JsonTraceSerializer.serializeRequest(spans);
      callback({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
}

/** As an instrumentation of HTTP records requests. */
function recorded(query: string): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }).getTracer('http');
  for (let count = 0; count < 10; count++) {
    const attributes = {
      'http.request.method': 'GET',
      'url.full': `https://api.example.com/v1/orders/${count}?${query}`,
      'server.address': 'api.example.com',
      'server.port': 443,
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'user_agent.original': 'node',
    };
    tracer.startSpan('GET', { attributes }).end();
  }
  return memory.getFinishedSpans();
}

function exporting(spans: ReadableSpan[], exporter: SpanExporter): Side {
  return async () => {
    exporter.export(spans, () => {});
  };
}
