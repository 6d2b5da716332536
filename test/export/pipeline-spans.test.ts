import { afterEach, describe, expect, it } from '@jest/globals';
import { type Attributes, type Context, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { agentServices, onlyPipelines, type PipelineSpansOptions, pipelineSpans } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';
import { spanTree } from '../support/span-tree.ts';

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

describe('pipelineSpans with handoffs', () => {
  /** Foreign spans as a framework starts them: each level inside the one before. */
  interface Foreign {
    readonly name: string;
    readonly attributes?: Attributes;
    readonly inside?: readonly Foreign[];
  }

  function record(spans: readonly Foreign[], handoffs: PipelineSpansOptions['handoffs'] = true): string {
    const memory = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [pipelineSpans({ handoffs }), new SimpleSpanProcessor(memory)],
    });
    const tracer = provider.getTracer('a framework');
    const start = ({ name, attributes = {}, inside = [] }: Foreign, above: Context): void => {
      const span = tracer.startSpan(name, { attributes }, above);
      for (const each of inside) start(each, trace.setSpan(above, span));
      span.end();
    };
    for (const span of spans) start(span, ROOT_CONTEXT);
    return spanTree(memory.getFinishedSpans(), { show: ['baton.handoff.source', 'baton.handoff.target'] });
  }

  it('links an agent that runs inside a tool call to that call, whatever it is called', () => {
    const agent = (name: string) => ({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name });
    const billing = { name: 'invoke_agent gpt-5', attributes: agent('billing'), inside: [{ name: 'chat gpt-5' }] };
    const tool = { name: 'execute_tool ask_billing', inside: [{ name: 'step 1', inside: [billing] }] };
    const triage = {
      name: 'invoke_agent gpt-5',
      attributes: agent('triage'),
      inside: [{ name: 'step 1', inside: [tool] }],
    };
    expect(record([{ name: 'POST /chat', inside: [triage] }])).toBe(
      `
POST /chat
  invoke_agent gpt-5
    step 1
      execute_tool ask_billing
        step 1
          invoke_agent gpt-5 {handoff.source=triage handoff.target=billing} --handoff--> execute_tool ask_billing
            chat gpt-5
`.trim(),
    );
  });

  it('links an agent to the transfer tool that has ended before it, once', () => {
    const triage = {
      name: 'invoke_agent triage',
      inside: [
        { name: 'execute_tool search' },
        { name: 'execute_tool transfer_to_agent' },
        { name: 'invoke_agent billing', inside: [{ name: 'invoke_agent checker' }] },
      ],
    };
    expect(record([{ name: 'invocation', inside: [triage] }])).toBe(
      `
invocation
  invoke_agent triage
    execute_tool search
    execute_tool transfer_to_agent
    invoke_agent billing {handoff.source=triage handoff.target=billing} --handoff--> execute_tool transfer_to_agent
      invoke_agent checker
`.trim(),
    );
  });

  it('links the agents of a swarm one to the next', () => {
    const node = (name: string) => ({ name: `node ${name}`, inside: [{ name: `invoke_agent ${name}` }] });
    expect(
      record([
        {
          name: 'swarm',
          attributes: { 'gen_ai.operation.name': 'execute_node' },
          inside: [node('triage'), node('billing')],
        },
      ]),
    ).toBe(
      `
swarm
  node triage
    invoke_agent triage
  node billing
    invoke_agent billing {handoff.source=triage handoff.target=billing} --handoff--> invoke_agent triage
`.trim(),
    );
  });

  it('knows the names that spans have before they have attributes, and those of the AI SDK', () => {
    const mastra = {
      name: "agent run: 'triage'",
      inside: [{ name: "tool: 'agent-billing'", inside: [{ name: "agent run: 'billing'" }] }],
    };
    const named = (functionId: string) => ({ 'ai.telemetry.functionId': functionId });
    const aiSdk = {
      name: 'ai.generateText',
      attributes: named('triage'),
      inside: [{ name: 'ai.toolCall', inside: [{ name: 'ai.streamText', attributes: named('billing') }] }],
    };
    expect(record([mastra, aiSdk])).toBe(
      `
agent run: 'triage'
  tool: 'agent-billing'
    agent run: 'billing' {handoff.source=triage handoff.target=billing} --handoff--> tool: 'agent-billing'
ai.generateText
  ai.toolCall
    ai.streamText {handoff.source=triage handoff.target=billing} --handoff--> ai.toolCall
`.trim(),
    );
  });

  it('lets the app say which tools are handoffs, survives when that throws, and links nothing unless asked', () => {
    const run = {
      name: 'invoke_agent triage',
      inside: [{ name: 'execute_tool escalate' }, { name: 'invoke_agent billing' }],
    };
    const isLinked = (handoffs: PipelineSpansOptions['handoffs']): boolean =>
      record([{ name: 'node x', inside: [run] }], handoffs).includes('--handoff-->');
    expect(isLinked((name) => name === 'escalate')).toBe(true);
    expect(isLinked(true)).toBe(false);
    expect(isLinked(false)).toBe(false);
    expect(
      isLinked(() => {
        throw new Error('broken');
      }),
    ).toBe(false);
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
