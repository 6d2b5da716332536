import { describe, expect, it } from '@jest/globals';
import { diag } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { agentServices } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';
import { loadSdk } from '../../src/set-up/installed.ts';

const APP = { 'service.name': 'support', 'service.version': '3', 'host.name': 'worker-1' };

/** Runs a triage and a billing agent through the processors, and lets them deliver. */
async function run(...spanProcessors: SpanProcessor[]): Promise<void> {
  const resource = loadSdk().resources.resourceFromAttributes(APP) as never;
  const provider = new BasicTracerProvider({ resource, spanProcessors });
  const baton = new Baton({ agent: 'triage', tracerProvider: provider });
  const session = baton.startSession({ id: 'ticket-1' });
  const triage = baton.startRun({ sessionId: 'ticket-1' });
  for (let call = 0; call < 2; call++) baton.startChildRun({ parentRunId: triage.id, agent: 'billing' }).end();
  triage.end();
  session.end();
  provider.getTracer('foreign').startSpan('GET /orders').end();
  await provider.forceFlush();
}

const services = (spans: readonly ReadableSpan[]): Record<string, unknown> =>
  Object.fromEntries(spans.map(({ name, resource }) => [name, resource.attributes]));

const BY_AGENT = {
  invoke_workflow: APP,
  'invoke_agent triage': { ...APP, 'service.name': 'triage', 'service.namespace': 'support' },
  'invoke_agent billing': { ...APP, 'service.name': 'billing', 'service.namespace': 'support' },
  'GET /orders': APP,
};

describe('agentServices', () => {
  it.each<[string, (exporter: SpanExporter) => SpanProcessor]>([
    ['SimpleSpanProcessor', (exporter) => new SimpleSpanProcessor(exporter)],
    ['BatchSpanProcessor', (exporter) => new BatchSpanProcessor(exporter)],
  ])('gives each agent a service of its own behind a %s, and leaves the rest', async (_, processor) => {
    const memory = new InMemorySpanExporter();
    await run(processor(agentServices(memory)));
    expect(services(memory.getFinishedSpans())).toEqual(BY_AGENT);
  });

  it('changes no span: another exporter beside it sees the service of the app', async () => {
    const [wrapped, plain] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    await run(new SimpleSpanProcessor(agentServices(wrapped)), new SimpleSpanProcessor(plain));
    expect(new Set(plain.getFinishedSpans().map(({ resource }) => resource.attributes['service.name']))).toEqual(
      new Set(['support']),
    );
    expect(services(wrapped.getFinishedSpans())).toEqual(BY_AGENT);
  });

  it('keeps the resources of a thousand agents, gives each later one its own all the same, and says so once', () => {
    const said: string[] = [];
    const logger = {
      error() {},
      warn: (...text: unknown[]) => void said.push(text.join(' ')),
      info() {},
      debug() {},
      verbose() {},
    };
    diag.setLogger(logger, { suppressOverrideMessage: true });
    const memory = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(agentServices(memory))],
    });
    const baton = new Baton({ agent: 'app', tracerProvider });
    for (const round of ['first', 'second']) {
      for (let number = 0; number < 1_500; number++) baton.startRun({ agent: `${round}-${number}` }).end();
    }
    baton.startRun({ agent: 'first-0' }).end();
    diag.disable();
    for (const { resource, attributes } of memory.getFinishedSpans()) {
      expect(resource.attributes['service.name']).toBe(attributes['baton.agent.key']);
    }
    expect(new Set(memory.getFinishedSpans().map(({ resource }) => resource)).size).toBe(3_001);
    expect(said).toHaveLength(1);
    expect(String(said)).toMatch(/agentServices: more than 1000 agents.*service.*too_many_agents/);
  });

  it('exports everything else of a span as it is', async () => {
    const [wrapped, plain] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    await run(new SimpleSpanProcessor(agentServices(wrapped)), new SimpleSpanProcessor(plain));
    const facts = (span: ReadableSpan): unknown => ({
      name: span.name,
      kind: span.kind,
      place: span.spanContext(),
      parent: span.parentSpanContext,
      times: [span.startTime, span.endTime, span.duration, span.ended],
      told: [span.status, span.attributes, span.links, span.events, span.instrumentationScope],
      dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
    });
    expect(wrapped.getFinishedSpans().map(facts)).toEqual(plain.getFinishedSpans().map(facts));
  });

  it('uses one resource per agent, because exporters group spans by it', async () => {
    const memory = new InMemorySpanExporter();
    await run(new SimpleSpanProcessor(agentServices(memory)));
    const billing = memory.getFinishedSpans().filter(({ name }) => name === 'invoke_agent billing');
    expect(billing.map(({ resource }) => resource)).toHaveLength(2);
    expect(new Set(billing.map(({ resource }) => resource)).size).toBe(1);
  });

  it('passes flush and shutdown on, also to an exporter that cannot be flushed', async () => {
    const calls: string[] = [];
    const exporter: SpanExporter = {
      export: (_, done) => done({ code: 0 }),
      shutdown: async () => void calls.push('shutdown'),
    };
    await agentServices(exporter).forceFlush?.();
    await agentServices({ ...exporter, forceFlush: async () => void calls.push('flush') }).forceFlush?.();
    await agentServices(exporter).shutdown();
    expect(calls).toEqual(['flush', 'shutdown']);
  });
});
