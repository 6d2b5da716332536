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

  it('links an agent that has a run of its own inside a tool call, and stamps it with that run', () => {
    const memory = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [pipelineSpans({ handoffs: true }), new SimpleSpanProcessor(memory)],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const tracer = provider.getTracer('a framework');
    const record = (name: string, inside: () => void): void =>
      tracer.startActiveSpan(name, (span) => {
        inside();
        span.end();
      });
    const baton = new Baton({ agent: 'shop', tracerProvider: provider });
    const billing = () => baton.withChildRun({ agent: 'billing' }, () => record('invoke_agent billing', () => {}));
    baton.withSession({ id: 'ticket-1' }, () =>
      baton.withRun({ agent: 'front-desk' }, () =>
        record('invoke_agent triage', () => record('execute_tool ask_billing', billing)),
      ),
    );
    expect(spanTree(memory.getFinishedSpans(), { show: ['baton.agent.key', 'baton.handoff.source'] })).toBe(
      `
invoke_workflow
  invoke_agent front-desk {agent.key=front-desk}
    invoke_agent triage {agent.key=front-desk}
      execute_tool ask_billing {agent.key=front-desk}
        invoke_agent billing {agent.key=billing}
          invoke_agent billing {agent.key=billing handoff.source=triage} --handoff--> execute_tool ask_billing
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

  describe('in a swarm', () => {
    const agent = (name: string, inside: readonly Foreign[] = [], id = name): Foreign => ({
      name: `invoke_agent ${name}`,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name, 'gen_ai.agent.id': id },
      inside,
    });
    const node = (inside: Foreign): Foreign => ({
      name: `node ${inside.attributes?.['gen_ai.agent.id']}`,
      attributes: { 'gen_ai.operation.name': 'execute_node' },
      inside: [inside],
    });
    const swarm = (...agents: readonly Foreign[]): Foreign => ({
      name: 'invoke_swarm desk',
      attributes: { 'gen_ai.operation.name': 'invoke_swarm' },
      inside: agents.map(node),
    });

    it('links the agents one to the next, not to what ran inside them', () => {
      const checker = { name: 'execute_tool delegate_check', inside: [agent('checker')] };
      expect(record([swarm(agent('triage', [checker]), agent('billing'), agent('triage'))])).toBe(
        `
invoke_swarm desk
  node triage
    invoke_agent triage
      execute_tool delegate_check
        invoke_agent checker {handoff.source=triage handoff.target=checker} --handoff--> execute_tool delegate_check
  node billing
    invoke_agent billing {handoff.source=triage handoff.target=billing} --handoff--> invoke_agent triage
  node triage
    invoke_agent triage {handoff.source=billing handoff.target=triage} --handoff--> invoke_agent billing
`.trim(),
      );
    });

    it('tells agents of one name apart by their ids', () => {
      const named = (id: string) => agent('An agent', [], id);
      expect(record([swarm(named('triage'), named('billing'))])).toContain(
        'invoke_agent An agent {handoff.source=triage handoff.target=billing} --handoff--> invoke_agent An agent',
      );
    });

    it('links the first agent of a swarm in a tool call to that call, the next to the agent before', () => {
      const tool = { name: 'execute_tool ask_desk', inside: [swarm(agent('triage'), agent('billing'))] };
      expect(record([agent('boss', [agent('planner'), tool])])).toBe(
        `
invoke_agent boss
  invoke_agent planner
  execute_tool ask_desk
    invoke_swarm desk
      node triage
        invoke_agent triage {handoff.source=boss handoff.target=triage} --handoff--> execute_tool ask_desk
      node billing
        invoke_agent billing {handoff.source=triage handoff.target=billing} --handoff--> invoke_agent triage
`.trim(),
      );
    });

    it('links nothing across swarms that run at the same time, nor along the edges of a graph', () => {
      const graph = { ...swarm(agent('draft'), agent('review')), name: 'invoke_graph', attributes: {} };
      const provider = new BasicTracerProvider({ spanProcessors: [pipelineSpans({ handoffs: true })] });
      const tracer = provider.getTracer('a framework');
      const below = (name: string, above: Context): Context => trace.setSpan(above, tracer.startSpan(name, {}, above));
      const request = below('POST /chat', ROOT_CONTEXT);
      const [first, second] = [below('invoke_swarm one', request), below('invoke_swarm two', request)];
      trace.getSpan(below('invoke_agent triage', below('node triage', first)))?.end();
      const other = trace.getSpan(below('invoke_agent billing', below('node billing', second)));
      expect((other as unknown as ReadableSpan).links).toEqual([]);
      expect(record([graph])).not.toContain('--handoff-->');
    });
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

  it('gives an agent no name where it is called by its model', () => {
    const nameless = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.request.model': 'gpt-5' };
    const billing = { name: 'invoke_agent gpt-5', attributes: nameless };
    const tool = { name: 'execute_tool ask_billing', inside: [billing] };
    expect(record([{ name: 'invoke_agent gpt-5', attributes: nameless, inside: [tool] }])).toBe(
      `
invoke_agent gpt-5
  execute_tool ask_billing
    invoke_agent gpt-5 --handoff--> execute_tool ask_billing
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
