import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ContextManager,
  context,
  createContextKey,
  diag,
  propagation,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { register } from '../../src/sdk.ts';
import type { RegisterOptions } from '../../src/set-up/options.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';
import { type Asked, type OtlpSpan, readAsked } from './support/asked.ts';

// One row a variable, as in docs/environment.md: what it does, seen from outside, and what junk in it does. Everything is real but
// the process: each test registers in this one, with variables of its own, and takes back what it registered.

const file = (name: string): string => fileURLToPath(new URL(`support/tls/${name}`, import.meta.url));
const [key, cert] = ['key.pem', 'certificate.pem'].map((name) => readFileSync(file(name))) as [Buffer, Buffer];

let before: NodeJS.ProcessEnv;
let collector: Receiver;
let secure: Receiver;

beforeEach(async () => {
  before = { ...process.env };
  [collector, secure] = await Promise.all([startReceiver(), startReceiver({ key, cert, ca: cert })]);
});

afterEach(async () => {
  process.env = before;
  await Promise.all([collector.close(), secure.close()]);
});

interface Seen {
  /** What was said of the set-up. */
  readonly said: readonly string[];
  readonly asked: readonly Asked[];
  readonly spans: readonly OtlpSpan[];
  /** What `flush()` gave. */
  readonly flushed: boolean;
  /** Headers that a request of the app would have. */
  readonly injected: readonly string[];
}

const three = { a: 'one', b: 'two', c: 'three' };
/** Ten spans with attributes, events and links: three of each, in an app that has the variables. */
function work(): void {
  const link = { context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }, attributes: three };
  for (let index = 0; index < 10; index++) {
    const span = trace.getTracer('app').startSpan(`work ${index}`, { attributes: three, links: [link, link, link] });
    for (let event = 0; event < 3; event++) span.addEvent('event', three);
    span.end();
  }
}

async function see(env: Readonly<Record<string, string>>, options: RegisterOptions = {}): Promise<Seen> {
  const said: string[] = [];
  const hear = (message: string): void => void said.push(message);
  diag.setLogger({ error: hear, warn: hear, info() {}, debug() {}, verbose() {} });
  process.env = { ...before, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env };
  const earlier = [collector, secure].map(({ requests }) => requests.length);
  try {
    const registered = register(options);
    const heard = [...said];
    work();
    const injected = {};
    const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED };
    const baggage = propagation.createBaggage({ tenant: { value: 'a' } });
    propagation.inject(propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, parent), baggage), injected);
    const flushed = await registered.flush({ timeoutMs: 1_000 });
    await registered.shutdown({ timeoutMs: 100 });
    const asked = [collector, secure].flatMap((each, index) => each.requests.slice(earlier[index]).map(readAsked));
    return {
      said: heard,
      asked,
      spans: asked.flatMap(({ spans }) => spans),
      flushed,
      injected: Object.keys(injected).sort(),
    };
  } finally {
    for (const api of [trace, context, propagation, diag]) api.disable();
    process.removeAllListeners('beforeExit');
  }
}

const first = ({ spans }: Seen): OtlpSpan => {
  expect(spans).toHaveLength(10);
  return spans[0] as OtlpSpan;
};
const counts = (span: OtlpSpan): readonly number[] => [
  span.attributes.length,
  span.events.length,
  span.links.length,
  span.events[0]?.attributes.length ?? 0,
  span.links[0]?.attributes.length ?? 0,
];
/** Junk: one warning that names the variable, what was given and what holds, and ten spans as if nothing had been set. */
function expectDefault(seen: Seen, name: string, ...words: readonly string[]): void {
  expect(counts(first(seen))).toEqual([3, 3, 3, 3, 3]);
  const [warning = '', ...more] = seen.said.filter((line) => line.startsWith(name));
  expect(more).toEqual([]);
  for (const word of words) expect(warning).toContain(word);
}

const ROWS: Readonly<Record<string, () => Promise<void>>> = {
  async OTEL_SDK_DISABLED() {
    for (const word of ['true', 'TRUE', ' True ']) {
      const { spans, injected, said, flushed } = await see({ OTEL_SDK_DISABLED: word });
      expect({ spans, injected, said, flushed }).toEqual({ spans: [], injected: [], said: [], flushed: true });
    }
    const withPropagators = await see({ OTEL_SDK_DISABLED: 'true', OTEL_PROPAGATORS: 'tracecontext' });
    expect(withPropagators).toMatchObject({ spans: [], injected: ['traceparent'] });
    expect((await see({ OTEL_SDK_DISABLED: 'false' })).spans).toHaveLength(10);
  },
  async OTEL_LOG_LEVEL() {
    expectDefault(
      await see({ OTEL_LOG_LEVEL: 'loud' }),
      'OTEL_LOG_LEVEL',
      '"loud"',
      'none, error, warn, info',
      'by default',
    );
  },
  async OTEL_SERVICE_NAME() {
    const { asked } = await see({ OTEL_SERVICE_NAME: 'shop', OTEL_RESOURCE_ATTRIBUTES: 'service.name=other' });
    expect(asked[0]?.resource['service.name']).toBe('shop');
  },
  async OTEL_RESOURCE_ATTRIBUTES() {
    const { asked } = await see({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop, team=a%2Cb' });
    expect(asked[0]?.resource).toMatchObject({ 'service.name': 'shop', team: 'a,b' });
  },
  async OTEL_PROPAGATORS() {
    expect((await see({})).injected).toEqual(['baggage', 'traceparent']);
    expect((await see({ OTEL_PROPAGATORS: 'TraceContext,tracecontext' })).injected).toEqual(['traceparent']);
    expect((await see({ OTEL_PROPAGATORS: 'none' })).injected).toEqual([]);
    const b3 = await see({ OTEL_PROPAGATORS: 'b3,baggage' });
    expect(b3.injected).toEqual(['baggage']);
    expect(b3.said).toEqual([
      expect.stringMatching(/^OTEL_PROPAGATORS: .*"b3".*@opentelemetry\/propagator-b3.*left out/),
    ]);
  },
  async OTEL_TRACES_EXPORTER() {
    expect((await see({ OTEL_TRACES_EXPORTER: 'none' })).spans).toEqual([]);
    expect((await see({ OTEL_TRACES_EXPORTER: 'otlp,OTLP' })).spans).toHaveLength(10);
    const both = await see({ OTEL_TRACES_EXPORTER: 'none,zipkin,otlp' });
    expect(both.said).toEqual([expect.stringContaining('"zipkin"'), expect.stringContaining('none is left out')]);
  },
  async OTEL_TRACES_SAMPLER() {
    for (const name of ['always_off', 'parentbased_always_off', 'PARENTBASED_ALWAYS_OFF']) {
      expect((await see({ OTEL_TRACES_SAMPLER: name })).spans).toEqual([]);
    }
    for (const name of ['always_on', 'parentbased_always_on', 'traceidratio', 'baton_session', 'baton_session_tail']) {
      const { spans, said } = await see({ OTEL_TRACES_SAMPLER: name });
      expect({ name, count: spans.length, said }).toEqual({ name, count: 10, said: [] });
    }
    for (const name of ['jaeger_remote', 'xray', 'parentbased_', 'constructor']) {
      const { spans, said } = await see({ OTEL_TRACES_SAMPLER: name });
      expect(spans).toHaveLength(10);
      expect(said).toEqual([
        expect.stringMatching(new RegExp(`^OTEL_TRACES_SAMPLER: .*"${name}".*parentbased_always_on, holds`)),
      ]);
    }
  },
  async OTEL_TRACES_SAMPLER_ARG() {
    for (const name of ['traceidratio', 'parentbased_traceidratio']) {
      expect((await see({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0' })).spans).toEqual([]);
    }
    for (const junk of ['nine', '-0.5', '1.5', 'NaN']) {
      const seen = await see({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: junk });
      expect(seen.spans).toHaveLength(10);
      expect(seen.said).toEqual([
        `OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1, got "${junk}"; the default, 1, holds`,
      ]);
    }
  },
  async OTEL_BSP_SCHEDULE_DELAY() {
    const said: string[] = [];
    diag.setLogger({
      error: (line) => said.push(line),
      warn: (line) => said.push(line),
      info() {},
      debug() {},
      verbose() {},
    });
    process.env = { ...before, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '1' };
    const registered = register();
    work();
    // Nobody flushes.
    while (collector.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await registered.shutdown();
    for (const api of [trace, context, propagation, diag]) api.disable();
    expect(said).toEqual([]);
  },
  async OTEL_BSP_EXPORT_TIMEOUT() {
    // None, as the specification says, and not at once, as a timer would.
    expect(await see({ OTEL_BSP_EXPORT_TIMEOUT: '0' })).toMatchObject({ flushed: true, said: [] });
  },
  async OTEL_BSP_MAX_QUEUE_SIZE() {
    expect((await see({ OTEL_BSP_MAX_QUEUE_SIZE: '4', OTEL_BSP_SCHEDULE_DELAY: '60000' })).spans.length).toBeLessThan(
      10,
    );
  },
  async OTEL_BSP_MAX_EXPORT_BATCH_SIZE() {
    const { asked } = await see({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5' });
    expect(asked.map(({ spans }) => spans.length)).toEqual([5, 5]);
    const larger = await see({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '50', OTEL_BSP_MAX_QUEUE_SIZE: '20' });
    expect(larger.said).toEqual([expect.stringMatching(/^OTEL_BSP_MAX_EXPORT_BATCH_SIZE: .*"50"; 20 is used/)]);
  },
  async OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT() {
    const span = first(await see({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '2' }));
    expect(span.attributes.map(({ value }) => value.stringValue)).toEqual(['on', 'tw', 'th']);
  },
  async OTEL_ATTRIBUTE_COUNT_LIMIT() {
    expect(counts(first(await see({ OTEL_ATTRIBUTE_COUNT_LIMIT: '2' })))).toEqual([2, 3, 3, 3, 3]);
  },
  async OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT() {
    const env = { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '2', OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '1' };
    expect(first(await see(env)).attributes.map(({ value }) => value.stringValue)).toEqual(['o', 't', 't']);
  },
  async OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT() {
    const env = { OTEL_ATTRIBUTE_COUNT_LIMIT: '2', OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '0' };
    expect(counts(first(await see(env)))).toEqual([0, 3, 3, 3, 3]);
  },
  async OTEL_SPAN_EVENT_COUNT_LIMIT() {
    expect(counts(first(await see({ OTEL_SPAN_EVENT_COUNT_LIMIT: '1' })))).toEqual([3, 1, 3, 3, 3]);
  },
  async OTEL_SPAN_LINK_COUNT_LIMIT() {
    expect(counts(first(await see({ OTEL_SPAN_LINK_COUNT_LIMIT: '1' })))).toEqual([3, 3, 1, 3, 3]);
  },
  async OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT() {
    expect(counts(first(await see({ OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '1' })))).toEqual([3, 3, 3, 1, 3]);
  },
  async OTEL_LINK_ATTRIBUTE_COUNT_LIMIT() {
    expect(counts(first(await see({ OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '1' })))).toEqual([3, 3, 3, 3, 1]);
  },
  async OTEL_EXPORTER_OTLP_ENDPOINT() {
    for (const end of ['', '/', '/under/', '/under']) {
      const { asked } = await see({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url + end });
      expect(asked.at(-1)?.path).toBe(`${end.replace(/\/$/, '')}/v1/traces`);
    }
    // The default is taken by nobody here, but it must not be the junk either.
    for (const junk of ['localhost:4318', ':::', 'ftp://127.0.0.1']) {
      const { said } = await see({ OTEL_EXPORTER_OTLP_ENDPOINT: junk, OTEL_EXPORTER_OTLP_TIMEOUT: '100' });
      expect(said[0]).toMatch(/^OTEL_EXPORTER_OTLP_ENDPOINT: expected an address such as .* counts as not set/);
    }
  },
  async OTEL_EXPORTER_OTLP_TRACES_ENDPOINT() {
    const NAME = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
    const whole = await see({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', [NAME]: `${collector.url}/mine` });
    expect(whole.asked.map(({ path }) => path)).toEqual(['/mine']);
    expectDefault(await see({ [NAME]: 'localhost:4318' }), NAME, '"localhost:4318"', 'counts as not set');
    expect(collector.requests.at(-1)?.path).toBe('/v1/traces');
  },
  async OTEL_EXPORTER_OTLP_PROTOCOL() {
    const NAME = 'OTEL_EXPORTER_OTLP_PROTOCOL';
    expect((await see({ [NAME]: 'HTTP/JSON' })).said).toEqual([]);
    expectDefault(
      await see({ [NAME]: 'http/xml' }),
      NAME,
      '"http/xml"',
      'http/json or http/protobuf or grpc',
      'installed',
    );
    const missing = await see({ [NAME]: 'http/protobuf' });
    expectDefault(missing, NAME, '@opentelemetry/exporter-trace-otlp-proto', 'not installed', 'http/json is used');
  },
  async OTEL_EXPORTER_OTLP_TRACES_PROTOCOL() {
    const NAME = 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
    const seen = await see({ [NAME]: 'grpc', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' });
    expect(seen.said).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: grpc needs .*-grpc, which is not/),
    ]);
    const junk = await see({ [NAME]: 'carrier pigeon', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    expectDefault(junk, NAME, '"carrier pigeon"');
  },
  async OTEL_EXPORTER_OTLP_HEADERS() {
    const NAME = 'OTEL_EXPORTER_OTLP_HEADERS';
    const { asked, said } = await see({ [NAME]: 'x-key=a%20b, x-more=c=d' });
    expect(asked[0]?.headers).toMatchObject({ 'x-key': 'a b', 'x-more': 'c=d' });
    expect(said).toEqual([]);
    const junk = await see({ [NAME]: 'x-key=a,hunter2,b=%E0%A4%A' });
    expect(junk.spans).toHaveLength(10);
    expect(junk.said.map((line) => line.replace(/;.*/, ''))).toEqual([
      `${NAME}: expected name=value,name=value, percent-encoded, got "entry 2"`,
      `${NAME}: expected name=value,name=value, percent-encoded, got "entry 3"`,
    ]);
    const unsendable = await see({ [NAME]: 'x-key=a%0Ab' });
    expect(unsendable.said).toEqual([expect.stringMatching(/entry 1"; HTTP has no such header/)]);
    expect(unsendable.flushed).toBe(false);
  },
  async OTEL_EXPORTER_OTLP_TRACES_HEADERS() {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'x-a=1,x-b=1', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-b=2' };
    expect((await see(env)).asked[0]?.headers).toMatchObject({ 'x-a': '1', 'x-b': '2' });
    expect((await see(env, { headers: { 'x-b': '3' } })).asked.at(-1)?.headers).toMatchObject({ 'x-b': '3' });
  },
  async OTEL_EXPORTER_OTLP_TIMEOUT() {
    expect((await see({ OTEL_EXPORTER_OTLP_TIMEOUT: '0' })).spans).toHaveLength(10);
    for (const junk of ['-1', 'soon', '1e12', '1.5']) {
      const { said, flushed } = await see({ OTEL_EXPORTER_OTLP_TIMEOUT: junk });
      expect(said[0]).toBe(
        `OTEL_EXPORTER_OTLP_TIMEOUT: expected a whole number from 0 to 2147483647, got "${junk}"; the default, 10000, holds`,
      );
      expect(flushed).toBe(true);
    }
  },
  async OTEL_EXPORTER_OTLP_TRACES_TIMEOUT() {
    const { said } = await see({ OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: 'soon', OTEL_EXPORTER_OTLP_TIMEOUT: '700' });
    expect(said[0]).toMatch(/^OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: .* got "soon"; the default, 700, holds/);
  },
  async OTEL_EXPORTER_OTLP_COMPRESSION() {
    const NAME = 'OTEL_EXPORTER_OTLP_COMPRESSION';
    const encoding = ({ asked }: Seen): string | undefined => asked[0]?.headers['content-encoding'];
    expect(encoding(await see({}))).toBe('gzip');
    expect(encoding(await see({ [NAME]: 'None' }))).toBeUndefined();
    expect(encoding(await see({ [NAME]: 'GZip' }))).toBe('gzip');
    const junk = await see({ [NAME]: 'brotli' });
    expectDefault(junk, NAME, '"brotli"', 'gzip or none', 'the default is gzip');
    expect(encoding(junk)).toBe('gzip');
  },
  async OTEL_EXPORTER_OTLP_TRACES_COMPRESSION() {
    const env = { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none' };
    expect((await see(env)).asked[0]?.headers['content-encoding']).toBeUndefined();
  },
  async OTEL_EXPORTER_OTLP_CERTIFICATE() {
    const NAME = 'OTEL_EXPORTER_OTLP_CERTIFICATE';
    const OTEL_EXPORTER_OTLP_ENDPOINT = secure.url;
    expect((await see({ OTEL_EXPORTER_OTLP_ENDPOINT })).flushed).toBe(false);
    expect((await see({ OTEL_EXPORTER_OTLP_ENDPOINT, [NAME]: file('certificate.pem') })).spans).toHaveLength(10);
    const { said } = await see({ [NAME]: '/nowhere.pem' });
    expect(said[0]).toBe(
      `${NAME}: expected a file that can be read, got "/nowhere.pem"; it counts as not set, and the default is the system's own`,
    );
    // What is no certificate keeps the spans from being sent, and does nothing else.
    expect((await see({ OTEL_EXPORTER_OTLP_ENDPOINT, [NAME]: file('../asked.ts') })).flushed).toBe(false);
  },
  async OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE() {
    const { spans } = await see({
      OTEL_EXPORTER_OTLP_ENDPOINT: secure.url,
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem',
      OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: file('certificate.pem'),
    });
    expect(spans).toHaveLength(10);
  },
  OTEL_EXPORTER_OTLP_CLIENT_KEY: () => expectClient('', 'CLIENT_KEY'),
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: () => expectClient('TRACES_', 'CLIENT_KEY'),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: () => expectClient('', 'CLIENT_CERTIFICATE'),
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: () => expectClient('TRACES_', 'CLIENT_CERTIFICATE'),
};

async function expectClient(signal: string, unreadable: string): Promise<void> {
  const PREFIX = `OTEL_EXPORTER_OTLP_${signal}`;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: secure.url,
    [`${PREFIX}CERTIFICATE`]: file('certificate.pem'),
    [`${PREFIX}CLIENT_CERTIFICATE`]: file('certificate.pem'),
    [`${PREFIX}CLIENT_KEY`]: file('key.pem'),
  };
  expect((await see(env)).asked[0]?.client).toBe('collector.test');
  const { said } = await see({ [PREFIX + unreadable]: '/nowhere.pem' });
  expect(said[0]).toBe(
    `${PREFIX}${unreadable}: expected a file that can be read, got "/nowhere.pem"; it counts as not set, and the default is none`,
  );
}

describe('the variables of docs/environment.md', () => {
  const documented = [...readFileSync('docs/environment.md', 'utf8').matchAll(/^\| `(OTEL_\w+)` \|/gm)].map(
    ([, name]) => name,
  );

  it('have a test each', () => {
    expect(Object.keys(ROWS).sort()).toEqual([...documented].sort());
  });

  it.each(Object.keys(ROWS))('%s', async (name) => ROWS[name]?.());

  it.each(Object.keys(ROWS))('%s: empty, it counts as not set', async (name) => {
    // Where the collector listens is not known otherwise.
    if (name === 'OTEL_EXPORTER_OTLP_ENDPOINT') return;
    const seen = await see({ [name]: ' ' });
    expect(seen.said).toEqual([]);
    expect(counts(first(seen))).toEqual([3, 3, 3, 3, 3]);
  });

  it.each([
    ['OTEL_SDK_DISABLED', ['1', 'yes'], 'the default, false'],
    ['OTEL_RESOURCE_ATTRIBUTES', ['junk', 'a=b=c', '=a', 'a=%E0%A4%A', `a=${'b'.repeat(256)}`], 'default'],
    ['OTEL_TRACES_EXPORTER', ['zipkin'], 'the default, otlp'],
    ['OTEL_BSP_SCHEDULE_DELAY', ['-1', 'NaN', 'Infinity', '1e12', '1.5'], 'the default, 5000'],
    ['OTEL_BSP_EXPORT_TIMEOUT', ['-1', 'NaN', 'Infinity', '1e12', '1.5'], 'the default, 30000'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', ['0', '-1', 'NaN', 'Infinity', '1e12', '1.5'], 'the default, 2048'],
    ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', ['0', '-1', 'NaN', 'Infinity', '1e12', '1.5'], 'the default, 512'],
    ['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', ['0', '-1', 'NaN', '1e12'], 'the default, no limit'],
    ['OTEL_ATTRIBUTE_COUNT_LIMIT', ['-1', 'NaN', '1e12'], 'the default, 128'],
    ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', ['0', '-1', 'NaN', '1e12'], 'the default, no limit'],
    ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', ['-1', 'NaN', '1e12'], 'the default, 128'],
    ['OTEL_SPAN_EVENT_COUNT_LIMIT', ['-1', 'NaN', '1e12'], 'the default, 128'],
    ['OTEL_SPAN_LINK_COUNT_LIMIT', ['-1', 'NaN', '1e12'], 'the default, 128'],
    ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', ['-1', 'NaN', '1e12'], 'the default, 128'],
    ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', ['-1', 'NaN', '1e12'], 'the default, 128'],
  ])('%s: junk is named in one warning, and the default holds', async (name, values, holds) => {
    for (const junk of values) {
      const seen = await see({ [name]: junk });
      expectDefault(seen, name, `"${junk.slice(0, 90)}`, holds);
    }
  });

  it('never show a secret that was put into the wrong one', async () => {
    const { said } = await see({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://user:hunter22@collector' });
    expect(said.join()).toContain('ftp://user:[REDACTED]@collector');
  });

  it('leave an app its own context manager and propagator', async () => {
    const KEY = createContextKey('mine');
    const mine: Partial<ContextManager> = {
      active: () => ROOT_CONTEXT.setValue(KEY, 'mine'),
      disable: () => context as never,
    };
    context.setGlobalContextManager(mine as ContextManager);
    propagation.setGlobalPropagator({
      inject: (_, carrier) => Object.assign(carrier as object, { mine: 1 }),
      extract: (at) => at,
      fields: () => [],
    });
    process.env = { ...before, OTEL_TRACES_EXPORTER: 'none' };
    register();
    expect(context.active().getValue(KEY)).toBe('mine');
    const injected = {};
    propagation.inject(ROOT_CONTEXT, injected);
    expect(injected).toEqual({ mine: 1 });
    for (const api of [trace, context, propagation]) api.disable();
  });
});
