import { afterEach, describe, expect, it } from '@jest/globals';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { agentServices, onlyPipelines, pipelineSpans } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';

afterEach(() => {
  trace.disable();
  context.disable();
});

function start(wrap: (exporter: SpanExporter) => SpanExporter = (exporter) => exporter, batch = false) {
  const memory = new InMemorySpanExporter();
  const exporter = wrap(memory);
  const processor = batch ? new BatchSpanProcessor(exporter) : new SimpleSpanProcessor(exporter);
  const provider = new BasicTracerProvider({ spanProcessors: [pipelineSpans(), processor] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return { memory, provider, exporter, tracer: provider.getTracer('http') };
}

const stamps = (spans: readonly ReadableSpan[], name: string): unknown => {
  const { attributes } = spans.find((span) => span.name === name) as ReadableSpan;
  return { session: attributes['session.id'], run: attributes['baton.run.id'], agent: attributes['baton.agent.key'] };
};

describe('pipelineSpans', () => {
  it('stamps session, run and agent on foreign spans inside a run, however deep, and on no other', () => {
    const { memory, tracer } = start();
    const baton = new Baton({ agent: 'triage' });
    let runId = '';
    tracer.startSpan('before').end();
    baton.withSession({ id: 'ticket-1' }, () => {
      tracer.startSpan('in the session').end();
      baton.withRun({ agent: 'billing' }, (run) => {
        runId = run.id;
        baton.withTool({ tool: 'refund' }, () =>
          tracer.startActiveSpan('POST /refund', (outer) => {
            tracer.startSpan('INSERT').end();
            outer.end();
          }),
        );
      });
    });
    const spans = memory.getFinishedSpans();
    const nothing = { session: undefined, run: undefined, agent: undefined };
    expect(stamps(spans, 'before')).toEqual(nothing);
    expect(stamps(spans, 'in the session')).toEqual({ ...nothing, session: 'ticket-1' });
    expect(stamps(spans, 'POST /refund')).toEqual({ session: 'ticket-1', run: runId, agent: 'billing' });
    expect(stamps(spans, 'INSERT')).toEqual({ session: 'ticket-1', run: runId, agent: 'billing' });
  });

  it('follows a span that carries them where no scope leads', () => {
    const { memory, tracer } = start();
    const parent = tracer.startSpan('from a framework', { attributes: { 'session.id': 'thread-7' } }, ROOT_CONTEXT);
    tracer.startSpan('below it', {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
    expect(stamps(memory.getFinishedSpans(), 'below it')).toMatchObject({ session: 'thread-7', agent: undefined });
  });

  it('overwrites nothing', () => {
    const { memory, tracer } = start();
    new Baton({ agent: 'triage' }).withSession({ id: 'ours' }, () =>
      tracer.startSpan('own', { attributes: { 'session.id': 'theirs' } }).end(),
    );
    expect(stamps(memory.getFinishedSpans(), 'own')).toMatchObject({ session: 'theirs' });
  });
});

describe('onlyPipelines', () => {
  function serve(tracer: ReturnType<typeof start>['tracer']): void {
    const baton = new Baton({ agent: 'triage' });
    tracer.startActiveSpan('GET /chat', (request) => {
      tracer.startSpan('SELECT user').end();
      baton.withSession({ id: 'ticket-1' }, () => baton.withRun({}, () => tracer.startSpan('POST /model').end()));
      request.end();
    });
    tracer.startSpan('GET /health').end();
  }

  it.each<[string, boolean]>([
    ['SimpleSpanProcessor', false],
    ['BatchSpanProcessor', true],
  ])('lets pipelines and what is above them through behind a %s, and counts the rest', async (_, batch) => {
    let only: ReturnType<typeof onlyPipelines> | undefined;
    const { memory, provider, tracer } = start((exporter) => {
      const filtered = onlyPipelines(exporter);
      only = filtered as never;
      return filtered;
    }, batch);
    serve(tracer);
    await provider.forceFlush();
    expect(memory.getFinishedSpans().map(({ name }) => name)).toEqual([
      'POST /model',
      'invoke_agent triage',
      'invoke_workflow',
      'GET /chat',
    ]);
    expect(only?.dropped).toBe(2);
  });

  it('goes together with agentServices, in either order', async () => {
    for (const wrap of [
      (exporter: SpanExporter) => onlyPipelines(agentServices(exporter)),
      (exporter: SpanExporter) => agentServices(onlyPipelines(exporter)),
    ]) {
      const { memory, provider, tracer } = start(wrap, true);
      serve(tracer);
      await provider.forceFlush();
      expect(memory.getFinishedSpans().map(({ resource }) => resource.attributes['service.name'])).toEqual([
        'triage',
        'triage',
        expect.stringMatching(/^unknown_service/),
        expect.stringMatching(/^unknown_service/),
      ]);
      trace.disable();
      context.disable();
    }
  });
});
