import { type Context, context, ROOT_CONTEXT, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { pipelineSpans } from '../src/export.ts';
import { Baton } from '../src/index.ts';
import type { Question, Side } from './measure/question.ts';

/** What does the span processor cost the spans of others, where Baton is not at work? */
export const foreignOutside: Question = {
  name: 'foreign-outside',
  title: '10 foreign spans outside any scope, with pipelineSpans()',
  prepare: () => ({
    baton: spansIn(ROOT_CONTEXT, [pipelineSpans()]),
    other: spansIn(ROOT_CONTEXT, [doesNothing()]),
  }),
};

/** And inside a run, where each of them gets three attributes? */
export const foreignInside: Question = {
  name: 'foreign-inside',
  title: '10 foreign spans inside a run, with pipelineSpans()',
  prepare() {
    const inside = contextOfRun();
    return { baton: spansIn(inside, [pipelineSpans()]), other: spansIn(inside, [doesNothing()]) };
  },
};

/** A processor is called for in either case: what counts is what it does. */
function doesNothing(): SpanProcessor {
  return {
    onStart() {},
    onEnd() {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function contextOfRun(): Context {
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const run = new Baton({ agent: 'triage' }).startRun({});
  return run.within(() => context.active());
}

function spansIn(around: Context, spanProcessors: SpanProcessor[]): Side {
  const tracer: Tracer = new BasicTracerProvider({ spanProcessors }).getTracer('http');
  const attributes = { 'http.request.method': 'POST', 'url.path': '/refund' };
  return async () => {
    for (let count = 0; count < 10; count++) tracer.startSpan('POST /refund', { attributes }, around).end();
  };
}
