import { afterEach, describe, expect, it } from '@jest/globals';
import { type ContextManager, context, metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { agentServices, onlyPipelines, sessionSampler } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';
import { readOtlpJson } from '../../src/replay.ts';
import { startReceiver } from '../support/otlp-receiver.ts';
import { closedPort, httpBackend, otherBackend } from './backend.ts';

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  trace.disable();
  context.disable();
  metrics.disable();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

interface SetUp {
  readonly processors?: SpanProcessor[];
  readonly sampler?: Sampler;
  readonly contextManager?: ContextManager | undefined;
}

function setUp({ processors = [], sampler, contextManager = new AsyncLocalStorageContextManager() }: SetUp): void {
  const provider = new BasicTracerProvider({ spanProcessors: processors, ...(sampler ? { sampler } : {}) });
  cleanUps.push(() => provider.shutdown().catch(() => {}));
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(contextManager.enable());
}

/** A backend that is closed after the test. */
async function opened<T extends { close(): Promise<void> }>(backend: Promise<T>): Promise<T> {
  const opened = await backend;
  cleanUps.push(() => opened.close());
  return opened;
}

const otlp = (url: string): SpanExporter => new OTLPTraceExporter({ url, timeoutMillis: 1_000 });
const batch = (exporter: SpanExporter): SpanProcessor => new BatchSpanProcessor(exporter);

/** What the doctor says, without what differs from run to run, and without the copies of the API on this disk. */
async function told(baton = new Baton({ agent: 'triage' }), options = {}): Promise<string> {
  const diagnosis = await baton.diagnose({ timeoutMs: 3_000, ...options });
  return String(diagnosis)
    .replace(/127\.0\.0\.1:\d+/g, '{address}')
    .replace(/\d+ ms/g, '{time}')
    .split('\n')
    .filter((line) => !line.includes('@opentelemetry/api 1.9'))
    .join('\n');
}

const HEALTHY = `✓ a tracer provider is registered (BasicTracerProvider)
✓ the async context is carried across await
✓ the sampler ParentBased{root=AlwaysOnSampler, …} keeps the test session`;

describe('diagnose', () => {
  it('says that all is well, and the test pipeline has arrived', async () => {
    const receiver = await opened(startReceiver());
    setUp({ processors: [batch(agentServices(otlp(`${receiver.url}/v1/traces`)))] });
    const baton = new Baton({ agent: 'triage' });
    expect(await told(baton)).toBe(`${HEALTHY}
✓ agentServices(OTLPTraceExporter) to http://{address}/v1/traces got all 7 test spans and says they are delivered
✓ http://{address}/v1/traces takes OTLP/HTTP (200, {time})`);
    const { ok, sessionId } = await baton.diagnose();
    expect(ok).toBe(true);
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    expect(spans.filter(({ attributes }) => attributes['session.id'] === sessionId)).toHaveLength(7);
  });

  it('names the copy of the API that is installed', async () => {
    expect(String(await new Baton({ agent: 'triage' }).diagnose())).toContain('✓ @opentelemetry/api 1.9.1');
  });

  it('says that nobody is registered', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    expect(await told()).toBe(`✗ no tracer provider is registered: nothing is recorded
  → node --import otel-baton/register app.js, or set OpenTelemetry up before the first session
✓ the async context is carried across await`);
  });

  it('says that Baton is off', async () => {
    expect(await told(new Baton({ agent: 'triage', enabled: false }))).toBe(`✗ Baton is off: nothing is recorded
  → see mode and enabled; BATON_MODE, BATON_ENABLED, OTEL_SDK_DISABLED`);
  });

  it('tells what was lost because the provider came late, and what Baton has warned of', async () => {
    const baton = new Baton({ agent: 'triage' });
    baton.withSession({}, () => baton.withRun({}, () => {}));
    setUp({ processors: [batch(new InMemorySpanExporter())] });
    baton.withTool({ tool: { name: 'refund' } }, () => {});
    const text = await told(baton);
    expect(text).toContain(
      '! 2 sessions, runs, steps or calls started before the tracer provider was registered: they are not recorded\n  → register it first: ',
    );
    expect(text).toContain('! Baton has warned before: no_run 1\n');
  });

  it('notices a provider that an older copy of the API has registered', async () => {
    const key = Symbol.for('opentelemetry.js.api.1');
    const holder = globalThis as { [key: symbol]: unknown };
    const before = holder[key];
    // What an app with API 1.8 leaves on globalThis.
    holder[key] = { version: '1.8.0', trace: new BasicTracerProvider() };
    cleanUps.push(() => {
      holder[key] = before;
    });
    expect(await told()).toContain(
      '✗ a tracer provider is registered, but with version 1.8.0 of @opentelemetry/api, and Baton loads a newer copy that cannot use it',
    );
  });

  it('notices that there is no context manager, or one that loses the context', async () => {
    setUp({ processors: [batch(new InMemorySpanExporter())] });
    context.disable();
    expect(await told()).toContain('! there is no context manager: spans will be flat where no id is named');
    let active = ROOT_CONTEXT;
    const sync: ContextManager = {
      active: () => active,
      with(inside, fn, self, ...args) {
        const outside = active;
        active = inside;
        try {
          return fn.call(self as never, ...args);
        } finally {
          active = outside;
        }
      },
      bind: (_, target) => target,
      enable: () => sync,
      disable: () => sync,
    };
    context.setGlobalContextManager(sync);
    expect(await told()).toContain('! the context manager loses the context across await: spans will be flat');
  });

  it('says that everything is sampled out', async () => {
    setUp({ processors: [batch(new InMemorySpanExporter())], sampler: new AlwaysOffSampler() });
    expect(await told()).toBe(`✓ a tracer provider is registered (BasicTracerProvider)
✓ the async context is carried across await
✗ the sampler AlwaysOffSampler dropped all of 20 test sessions
  → see OTEL_TRACES_SAMPLER, or the sampler of the provider`);
  });

  it('tries again where a part of the sessions is sampled', async () => {
    let asked = 0;
    const third: Sampler = {
      // The run of a dropped session asks for itself, because nothing but its id leads to the session.
      shouldSample: (parent, _, name) => ({
        decision: trace.getSpan(parent) || (name.startsWith('invoke_workflow') && ++asked === 3) ? 2 : 0,
      }),
      toString: () => 'every third',
    };
    setUp({ processors: [batch(new InMemorySpanExporter())], sampler: third });
    const text = await told();
    expect(text).toContain('! the sampler every third kept the first test session at attempt 3');
    expect(text).toContain('✓ InMemorySpanExporter got all 7 test spans');
    trace.disable();
    setUp({ sampler: sessionSampler({ ratio: 0 }) });
    expect(await told()).toContain('✗ the sampler SessionSampler{0} dropped all of 20 test sessions');
  });

  it('says that spans go nowhere', async () => {
    setUp({});
    expect(await told()).toBe(`${HEALTHY}
✗ the tracer provider has no span processor: spans go nowhere
  → give the provider a span processor with an exporter, e.g. BatchSpanProcessor with OTLPTraceExporter`);
  });

  it('names the spans that a filter in front of an exporter keeps back', async () => {
    class LangfuseSpanProcessor extends SimpleSpanProcessor {
      override onEnd(span: ReadableSpan): void {
        if (Object.keys(span.attributes).some((key) => key.startsWith('gen_ai.'))) super.onEnd(span);
      }
    }
    const everything = new InMemorySpanExporter();
    setUp({ processors: [batch(everything), new LangfuseSpanProcessor(new InMemorySpanExporter())] });
    expect(await told()).toBe(`${HEALTHY}
✓ InMemorySpanExporter got all 7 test spans and says they are delivered
! InMemorySpanExporter got 4 of the 7 test spans; LangfuseSpanProcessor keeps back run_step examine, handoff nurse, accept_handoff doctor
  → Langfuse lets only gen_ai spans through: set operationNames: 'all', or its shouldExportSpan`);
    expect(Object.hasOwn(everything, 'export')).toBe(false);
  });

  it('says that nobody listens at the endpoint', async () => {
    const url = `${await closedPort()}/v1/traces`;
    setUp({ processors: [batch(onlyPipelines(otlp(url)))] });
    expect(await told()).toBe(`${HEALTHY}
✗ onlyPipelines(OTLPTraceExporter) to http://{address}/v1/traces could not deliver: connect ECONNREFUSED {address}
✗ http://{address}/v1/traces cannot be reached: nobody listens there
  → start the collector, or correct the endpoint`);
  });

  it('says that /v1/traces is missing, and what to write instead', async () => {
    const backend = await opened(
      httpBackend(({ url }, response) => response.writeHead(url === '/v1/traces' ? 200 : 404).end()),
    );
    setUp({ processors: [new SimpleSpanProcessor(otlp(backend.url))] });
    expect(await told()).toBe(`${HEALTHY}
✗ OTLPTraceExporter to http://{address} could not deliver: 404 Not Found
✗ http://{address} answers 404: the path /v1/traces is missing
  → use http://{address}/v1/traces as the exporter's url or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or http://{address} as OTEL_EXPORTER_OTLP_ENDPOINT, which appends the path`);
  });

  it.each<[string, number, string, string]>([
    ['refuses the credentials', 401, '', '✗ {url} refuses the credentials (401)\n  → check OTEL_EXPORTER_OTLP_HEADERS'],
    ['rejects what it gets', 400, 'bad span', '✗ {url} answers 400: "bad span"\n  → expected an OTLP/HTTP endpoint'],
    ['takes no JSON', 415, '', '! {url} takes no JSON (415)\n  → export protobuf'],
    ['is overloaded', 500, 'queue is full', '✗ {url} is there and cannot take spans now (500): "queue is full"'],
  ])('says that the backend %s', async (_, status, body, expected) => {
    const backend = await opened(httpBackend((_request, response) => response.writeHead(status).end(body)));
    setUp({ processors: [batch(otlp(`${backend.url}/v1/traces`))] });
    expect(await told()).toContain(expected.replace('{url}', 'http://{address}/v1/traces'));
  });

  it('tells a web page from a backend, though the exporter is content with it', async () => {
    const backend = await opened(
      httpBackend((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')),
    );
    setUp({ processors: [batch(otlp(`${backend.url}/v1/traces`))] });
    expect(await told()).toContain('✗ http://{address}/v1/traces answers with a web page: that is not OTLP/HTTP');
  });

  it('tells the port of another protocol', async () => {
    const backend = await opened(otherBackend());
    setUp({ processors: [batch(otlp(`${backend.url}/v1/traces`))] });
    expect(await told()).toContain('cannot be reached: the answer is not HTTP\n  → the port of gRPC?');
  });

  it('says that the backend does not answer in time, and goes on', async () => {
    const backend = await opened(httpBackend(() => {}));
    setUp({ processors: [batch(otlp(`${backend.url}/v1/traces`))] });
    const text = await told(undefined, { timeoutMs: 200 });
    expect(text).toContain(
      '! OTLPTraceExporter to http://{address}/v1/traces got the test spans, and its backend has not',
    );
    expect(text).toContain('✗ the provider did not flush within {time}');
    expect(text).toContain('✗ http://{address}/v1/traces cannot be reached: no answer in time');
  });

  it('notices that the clocks differ', async () => {
    const date = new Date(Date.now() + 90_000).toUTCString();
    const backend = await opened(
      httpBackend((_, response) => {
        response.sendDate = false;
        response.writeHead(200, { date, 'content-type': 'application/json' }).end('{}');
      }),
    );
    setUp({ processors: [batch(otlp(`${backend.url}/v1/traces`))] });
    expect(await told()).toMatch(/! the clock of http:\/\/{address}\/v1\/traces is (89|90) s ahead of this one/);
  });

  it('believes the exporter, which may have credentials that the doctor has not', async () => {
    const backend = await opened(
      httpBackend(({ headers }, response) => response.writeHead(headers['x-key'] === 'k' ? 200 : 401).end()),
    );
    const url = `${backend.url}/v1/traces`;
    setUp({ processors: [batch(new OTLPTraceExporter({ url, headers: { 'x-key': 'k' } }))] });
    expect(await told()).toBe(`${HEALTHY}
✓ OTLPTraceExporter to http://{address}/v1/traces got all 7 test spans and says they are delivered`);
  });

  it('shows no password of an address', async () => {
    const backend = await opened(httpBackend((_, response) => response.writeHead(200).end()));
    const url = `${backend.url.replace('//', '//user:hunter2@')}/v1/traces?api_key=sk-abcdef`;
    setUp({ processors: [batch(otlp(url))] });
    const text = await told();
    expect(text).toContain('OTLPTraceExporter to http://{address}/v1/traces got all 7');
    expect(text).not.toMatch(/hunter2|sk-abcdef/);
  });

  it('asks an endpoint that is given, also where there is no provider', async () => {
    const receiver = await opened(startReceiver());
    expect(await told(undefined, { endpoint: `${receiver.url}/v1/traces` })).toContain(
      '✓ http://{address}/v1/traces takes OTLP/HTTP (200, {time})',
    );
  });

  it('lets spans through to every exporter as ever, while it looks', async () => {
    const memory = new InMemorySpanExporter();
    setUp({ processors: [new SimpleSpanProcessor(memory)] });
    const baton = new Baton({ agent: 'triage' });
    const diagnosis = baton.diagnose();
    baton.withRun({ agent: 'meanwhile' }, () => {});
    await diagnosis;
    expect(memory.getFinishedSpans().map(({ name }) => name)).toContain('invoke_agent meanwhile');
    expect(memory.getFinishedSpans()).toHaveLength(8);
  });
});

describe('what the doctor has of others', () => {
  const variables = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_HEADERS'];

  function environment(given: Readonly<Record<string, string>>): void {
    for (const name of variables) {
      const before = process.env[name];
      cleanUps.push(() => {
        if (before === undefined) delete process.env[name];
        else process.env[name] = before;
      });
      delete process.env[name];
    }
    Object.assign(process.env, given);
  }

  /** A backend that notes who asks it with which credentials. */
  async function noting(status = 200, headers = {}): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const backend = await opened(
      httpBackend((request, response) => {
        asked.push(`${request.method} ${request.headers['x-key'] ?? request.headers.authorization ?? 'nothing'}`);
        response.writeHead(status, headers).end('{}');
      }),
    );
    return { url: backend.url, asked };
  }

  it('addresses in what is recorded are never asked', async () => {
    const stranger = await noting();
    environment({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hunter2' });
    const memory = new InMemorySpanExporter();
    // What an exporter may hold of what it got.
    Object.assign(memory, { last: { url: `${stranger.url}/last` }, byUrl: [{ endpoint: `${stranger.url}/list` }] });
    setUp({ processors: [new SimpleSpanProcessor(memory)] });
    const attributes = { 'url.full': `${stranger.url}/page`, url: stranger.url, endpoint: stranger.url };
    trace.getTracer('http').startSpan('GET', { attributes }).end();
    new Baton({ agent: 'triage' }).withRun({}, () => {});
    expect(await told()).not.toMatch(/opentelemetry\.io|{address}/);
    expect(stranger.asked).toEqual([]);
  });

  it('credentials go to the endpoint that they are meant for, and to no other exporter’s', async () => {
    const [own, other] = [await noting(), await noting()];
    environment({ OTEL_EXPORTER_OTLP_ENDPOINT: own.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hunter2' });
    class Vendor extends InMemorySpanExporter {
      readonly url = `${other.url}/v1/traces`;
    }
    setUp({ processors: [batch(new OTLPTraceExporter()), batch(new Vendor())] });
    expect(await told()).toContain('✓ {address}/v1/traces takes'.replace('{address}', 'http://{address}'));
    expect(new Set(own.asked)).toEqual(new Set(['POST hunter2']));
    expect(other.asked).toEqual(['POST nothing']);
  });

  it('credentials go to an endpoint that is named, where the variables name none, and its own password does', async () => {
    const named = await noting();
    environment({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hunter2' });
    await told(undefined, { endpoint: `${named.url}/v1/traces` });
    expect(named.asked).toEqual(['POST hunter2']);
    environment({});
    const text = await told(undefined, { endpoint: `${named.url.replace('//', '//:100%25secret@')}/v1/traces` });
    expect(named.asked.at(-1)).toBe(`POST Basic ${btoa(':100%secret')}`);
    expect(text).not.toContain('secret');
  });

  it('a redirect is told and not followed', async () => {
    const stranger = await noting();
    const own = await noting(307, { location: `${stranger.url}/elsewhere?token=hunter2` });
    environment({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hunter2' });
    const text = await told(undefined, { endpoint: `${own.url}/v1/traces` });
    expect(text).toContain(
      '✗ http://{address}/v1/traces redirects to http://{address}/elsewhere (307), and exporters follow no redirect',
    );
    expect([own.asked, stranger.asked]).toEqual([['POST hunter2'], []]);
    expect(text).not.toContain('hunter2');
  });

  it('texts are shown without secrets, also where they are cut, and without what a terminal obeys', async () => {
    const evil = `${'x'.repeat(180)} ghp_${'a1'.repeat(18)} \u001b]0;OWNED\u0007\u001b[2J\u009b31m\u202egpj.exe\nAll is well`;
    const backend = await opened(httpBackend((_, response) => response.writeHead(500).end(evil)));
    const diagnosis = await new Baton({ agent: 'triage' }).diagnose({ endpoint: backend.url, timeoutMs: 3_000 });
    const text = `${diagnosis}${JSON.stringify(diagnosis.findings)}`;
    expect(text).not.toMatch(/[^\P{C}\n]|ghp_/u);
    expect(String(diagnosis)).not.toMatch(/^All is well/m);
    const short = await opened(httpBackend((_, response) => response.writeHead(500).end('\u001b[31mred\u202e')));
    expect(await told(undefined, { endpoint: short.url })).toContain(': "\\x1b[31mred\\u202e"');
  });

  it('an answer without an end is read as far as it is quoted', async () => {
    const backend = await opened(
      httpBackend((_, response) => {
        response.writeHead(500);
        const more = (): void => {
          while (response.write('x'.repeat(10_000)));
          response.once('drain', more);
        };
        more();
      }),
    );
    expect(await told(undefined, { endpoint: backend.url })).toContain('cannot take spans now (500): "xxx');
  });

  it('exporters are as they were before, also when two look at once', async () => {
    const [memory, other] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    const replaced = memory.export.bind(memory);
    other.export = replaced;
    setUp({ processors: [batch(memory), batch(other)] });
    const before = [memory, other].map((exporter) => Object.getOwnPropertyDescriptor(exporter, 'export'));
    const baton = new Baton({ agent: 'triage' });
    const all = await Promise.all([1, 2, 3].map((order) => baton.diagnose({ timeoutMs: 1_000 * order })));
    for (const diagnosis of all) {
      expect(String(diagnosis)).toContain('✓ InMemorySpanExporter got all 7 test spans and says they are delivered');
    }
    expect([memory, other].map((exporter) => Object.getOwnPropertyDescriptor(exporter, 'export'))).toEqual(before);
    expect(new Set(all.map(({ sessionId }) => sessionId)).size).toBe(3);
  });

  it('a wrapper that somebody put on meanwhile stays on', async () => {
    const memory = new InMemorySpanExporter();
    const got: number[] = [];
    setUp({ processors: [batch(memory)] });
    const diagnosis = new Baton({ agent: 'triage' }).diagnose();
    const inner = memory.export;
    memory.export = (spans, callback) => {
      got.push(spans.length);
      inner.call(memory, spans, callback);
    };
    const theirs = memory.export;
    await diagnosis;
    expect(memory.export).toBe(theirs);
    new Baton({ agent: 'triage' }).withRun({}, () => {});
    await (trace.getTracerProvider() as unknown as { getDelegate(): BasicTracerProvider }).getDelegate().forceFlush();
    expect(got.at(-1)).toBe(1);
    expect(memory.getFinishedSpans()).toHaveLength(8);
  });

  it.each([
    null,
    undefined,
    {},
    { timeoutMs: Number.NaN },
    { timeoutMs: -1 },
    { endpoint: 7 },
    { endpoint: 'ada:hunter2@host' },
    { endpoint: '' },
  ])('never rejects, whatever it is given: %j', async (options) => {
    setUp({ processors: [batch(new InMemorySpanExporter())] });
    const { findings } = await new Baton({ agent: 'triage' }).diagnose(options as never);
    expect(findings.length).toBeGreaterThan(3);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  it('waits as long as it is told, be it for ever', async () => {
    const receiver = await opened(startReceiver());
    setUp({ processors: [batch(otlp(`${receiver.url}/v1/traces`))] });
    expect(await told(undefined, { timeoutMs: Number.POSITIVE_INFINITY })).toContain('takes OTLP/HTTP (200');
  });
});
