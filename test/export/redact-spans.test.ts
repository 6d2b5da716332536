import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DiagLogLevel, diag, SpanKind } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { agentServices, onlyPipelines, type RedactionOptions, redactSpans } from '../../src/export.ts';
import { loadSdk } from '../../src/set-up/installed.ts';

const SECRET = 'q7Wb3Xk9Lm2Vt5Rn8';
const GITHUB = `ghp_${'a1'.repeat(18)}`;

let exported: InMemorySpanExporter;
let plain: InMemorySpanExporter;

beforeEach(() => {
  exported = new InMemorySpanExporter();
  plain = new InMemorySpanExporter();
});

afterEach(() => diag.disable());

function provider(
  rules?: RedactionOptions,
  processor: (exporter: SpanExporter) => SpanProcessor = simple,
  resource = {},
) {
  return new BasicTracerProvider({
    resource: loadSdk().resources.resourceFromAttributes({ 'service.name': 'shop', ...resource }) as never,
    spanProcessors: [processor(redactSpans(exported, rules)), simple(plain)],
  });
}

const simple = (exporter: SpanExporter): SpanProcessor => new SimpleSpanProcessor(exporter);

/** What instrumentations record of a request that carries secrets everywhere. */
function recordRequest(of: BasicTracerProvider): void {
  const span = of.getTracer('http').startSpan(`GET https://ada:${SECRET}@example.com/`, {
    kind: SpanKind.CLIENT,
    attributes: {
      'http.request.header.authorization': [`Bearer ${SECRET}`],
      'http.request.header.x-api-key': [SECRET, SECRET],
      'http.response.header.set-cookie': [`sid=${SECRET}`],
      'url.full': `https://ada:${SECRET}@example.com/a?token=${SECRET}&page=2`,
      'url.query': `access_token=${SECRET}`,
      'db.query.text': `ALTER USER ada PASSWORD '${SECRET}'`,
      'process.command_args': ['node', 'app.js', '--password', SECRET],
      'gen_ai.input.messages': JSON.stringify([{ content: JSON.stringify({ apiKey: SECRET }) }]),
      [GITHUB]: 1,
      'http.response.status_code': 200,
      'gen_ai.usage.input_tokens': 12,
      'url.path': '/a',
      sizes: [1, 2],
      ok: true,
    },
    links: [
      {
        context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 },
        attributes: { password: SECRET, of: 'x' },
      },
    ],
  });
  span.addEvent(`retry with ${GITHUB}`, { 'exception.message': `password=${SECRET}`, attempt: 2 });
  span.addEvent('harmless', { attempt: 3 });
  span.setStatus({ code: 2, message: `token: ${SECRET}` });
  span.end();
}

const wire = (spans: ReadableSpan[]): string =>
  Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []).toString();

describe('redactSpans', () => {
  it('takes the secrets out of names, attributes, events, links and status of every span, and leaves the rest', () => {
    recordRequest(provider());
    const [span] = exported.getFinishedSpans();
    expect(span?.name).toBe('GET https://ada:[REDACTED]@example.com/');
    expect(span?.attributes).toEqual({
      'http.request.header.authorization': ['[REDACTED]'],
      'http.request.header.x-api-key': ['[REDACTED]', '[REDACTED]'],
      'http.response.header.set-cookie': ['[REDACTED]'],
      'url.full': 'https://ada:[REDACTED]@example.com/a?token=[REDACTED]&page=2',
      'url.query': 'access_token=[REDACTED]',
      'db.query.text': "ALTER USER ada PASSWORD '[REDACTED]'",
      'process.command_args': ['node', 'app.js', '--password', '[REDACTED]'],
      'gen_ai.input.messages': JSON.stringify([{ content: JSON.stringify({ apiKey: '[REDACTED]' }) }]),
      '[REDACTED]': 1,
      'http.response.status_code': 200,
      'gen_ai.usage.input_tokens': 12,
      'url.path': '/a',
      sizes: [1, 2],
      ok: true,
    });
    expect(span?.links[0]).toMatchObject({
      context: { traceId: '1'.repeat(32) },
      attributes: { password: '[REDACTED]', of: 'x' },
    });
    expect(span?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['retry with [REDACTED]', { 'exception.message': 'password=[REDACTED]', attempt: 2 }],
      ['harmless', { attempt: 3 }],
    ]);
    expect(span?.status).toEqual({ code: 2, message: 'token: [REDACTED]' });
    expect(wire(exported.getFinishedSpans())).not.toMatch(new RegExp(`${SECRET}|${GITHUB}`));
  });

  it('changes no span: another exporter beside it sees what was recorded', () => {
    recordRequest(provider());
    const [span] = plain.getFinishedSpans();
    expect(span?.attributes['url.full']).toContain(SECRET);
    expect(wire(plain.getFinishedSpans()).split(SECRET).length).toBeGreaterThan(12);
  });

  it('hands on what is not secret as it is, the span itself where nothing of it is', () => {
    const tracers = provider();
    tracers
      .getTracer('http')
      .startSpan('GET /orders', { attributes: { 'url.path': '/orders', n: [1] } })
      .end();
    recordRequest(tracers);
    const [harmless, redacted] = exported.getFinishedSpans();
    expect(harmless).toBe(plain.getFinishedSpans()[0]);
    const facts = (span: ReadableSpan | undefined): unknown => ({
      kind: span?.kind,
      place: span?.spanContext(),
      parent: span?.parentSpanContext,
      times: [span?.startTime, span?.endTime, span?.duration, span?.ended],
      resource: span?.resource,
      scope: span?.instrumentationScope,
      eventTimes: span?.events.map(({ time }) => time),
      dropped: [span?.droppedAttributesCount, span?.droppedEventsCount, span?.droppedLinksCount],
    });
    expect(facts(redacted)).toEqual(facts(plain.getFinishedSpans()[1]));
  });

  it('takes secrets out of the resource, once for all spans of it: exporters group by it', () => {
    const tracers = provider({}, simple, { 'process.command_line': `node app.js --password ${SECRET}` });
    for (let count = 0; count < 3; count++) tracers.getTracer('a').startSpan('a').end();
    const resources = new Set(exported.getFinishedSpans().map(({ resource }) => resource));
    expect([...resources].map(({ attributes }) => attributes['process.command_line'])).toEqual([
      'node app.js --password [REDACTED]',
    ]);
    expect([...resources][0]?.attributes['service.name']).toBe('shop');
    expect(wire(exported.getFinishedSpans())).not.toContain(SECRET);
  });

  it('knows the app’s own names, patterns and hook, in numbers, too', () => {
    const redact = (text: string, key: string): string | undefined =>
      key === 'note' ? undefined : text.replace('Ada', 'A.');
    const rules = { keys: ['iban'], allowKeys: ['x-api-key'], patterns: [/\b4\d{15}\b/], redact };
    const attributes = {
      ...{ 'user.iban': 'DE00', 'x-api-key': 'abc', card: 4111111111111111, cards: [4111111111111111, 5], note: 'x' },
      ...{ who: 'Ada', list: ['Ada', 'Bob'], text: 'iban: DE00, card 4111111111111111' },
    };
    provider(rules).getTracer('a').startSpan('of Ada', { attributes }).end();
    const [span] = exported.getFinishedSpans();
    expect([span?.name, span?.attributes, span?.droppedAttributesCount]).toEqual([
      'of A.',
      {
        ...{ 'user.iban': '[REDACTED]', 'x-api-key': 'abc', card: '[REDACTED]', cards: ['[REDACTED]', '5'] },
        ...{ who: 'A.', list: ['A.', 'Bob'], text: 'iban: [REDACTED], card [REDACTED]' },
      },
      1,
    ]);
  });

  it('loses no other span to one that cannot be read, and says so', () => {
    const warnings: string[] = [];
    const ignore = (): void => {};
    const warn = (...said: unknown[]): void => void warnings.push(said.join(' '));
    diag.setLogger({ error: ignore, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
    const tracers = provider();
    tracers.getTracer('a').startSpan('first').end();
    const [span] = plain.getFinishedSpans() as [ReadableSpan];
    const broken = new Proxy(span, {
      get(target, name) {
        if (name === 'attributes') throw new Error('no');
        return Reflect.get(target, name);
      },
    });
    exported.reset();
    redactSpans(exported).export([broken, span], () => {});
    expect(exported.getFinishedSpans()).toEqual([span]);
    expect(warnings.join()).toContain('a span that cannot be read is not exported');
  });

  it('works with the other plugins, in whatever order, and passes flush and shutdown on', async () => {
    const calls: string[] = [];
    const exporter: SpanExporter = {
      export: (spans, done) => exported.export(spans, done),
      shutdown: async () => void calls.push('shutdown'),
      forceFlush: async () => void calls.push('flush'),
    };
    const chain = redactSpans(agentServices(onlyPipelines(redactSpans(agentServices(exporter)))));
    const processor = new BatchSpanProcessor(chain);
    const tracers = new BasicTracerProvider({ spanProcessors: [processor] });
    const attributes = { 'session.id': 'S-1', 'baton.agent.key': 'billing', password: SECRET };
    tracers.getTracer('a').startSpan('run', { attributes }).end();
    await tracers.shutdown();
    const [span] = exported.getFinishedSpans();
    expect(span?.resource.attributes['service.name']).toBe('billing');
    expect(span?.attributes.password).toBe('[REDACTED]');
    expect(calls).toContain('shutdown');
    await chain.forceFlush?.();
    expect(calls.at(-1)).toBe('flush');
    expect(String(chain)).toBe('redactSpans(AgentServices)');
  });
});
