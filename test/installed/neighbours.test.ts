import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RecordedSpan, readOtlpJson } from '../../src/replay.ts';
import { serviceTree, watch } from './support/arrived.ts';
import { docsCode } from './support/docs-code.ts';
import { shareApps, shareReceiver, shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// The packed package beside other people's OpenTelemetry: real installs, each set-up as docs/neighbours.md shows it, real OTLP
// over a real socket, and a server of ours where a vendor's would be. Run by `npm run test:package`.

/** Exact, so that a test that fails tomorrow has the same reason as today. */
const SDK_2 = ['api@1.9.1', 'sdk-node@0.223.0', 'sdk-trace@2.12.0', 'exporter-trace-otlp-http@0.223.0'];
const SDK_3 = ['api@1.10.0', 'sdk-node@0.301.0', 'sdk-trace@3.1.0', 'exporter-trace-otlp-http@0.301.0'];
const VERSIONS = {
  nodeSdk2: otel(...SDK_2, 'instrumentation@0.223.0', 'instrumentation-http@0.223.0', 'instrumentation-undici@0.33.0'),
  nodeSdk3: otel(...SDK_3, 'instrumentation@0.301.0', 'instrumentation-http@0.301.0', 'instrumentation-undici@0.34.0'),
  sentry11Sdk2: ['@sentry/node@11.12.0', ...otel(...SDK_2)],
  sentry11Sdk3: ['@sentry/node@11.12.0', ...otel(...SDK_3)],
  sentry10: ['@sentry/node@10.78.0', ...otel(...SDK_2, 'sdk-trace-base@2.12.0')],
  langfuse: ['@langfuse/otel@5.11.1', ...otel(...SDK_2, 'core@2.12.0', 'sdk-trace-base@2.12.0')],
  vercel: [
    '@vercel/otel@2.1.3',
    ...otel('api@1.9.1', 'api-logs@0.223.0', 'instrumentation@0.223.0', 'resources@2.12.0', 'sdk-logs@0.223.0'),
    ...otel('sdk-metrics@2.12.0', 'sdk-trace-base@2.12.0'),
  ],
} as const;
const NODE_OF_SDK_3 = '24.21.0';

const DOCS = 'docs/neighbours.md';
const SET_UP = 'instrumentation.mjs';

/** The pipeline with a query of somebody else's in its step and its tool call. */
const QUERIES_TREE = `
invoke_workflow pipeline [shop]
  invoke_agent Support Ops Orchestrator [support-ops-orchestrator]
    run_step triage-ticket [support-ops-orchestrator]
      SELECT tickets [support-ops-orchestrator]
    handoff response-worker [support-ops-orchestrator]
      accept_handoff support-ops-orchestrator [response-worker]
    invoke_agent response-worker [response-worker] -> handoff response-worker
      execute_tool support.compose_reply [response-worker]
        SELECT tickets [response-worker]
`.trim();

/** Two servers, the pipeline between them: `server` and `client` are made by HTTP instrumentation, and named by their kind. */
const SHOP_TREE = `
server GET [shop]
  invoke_workflow pipeline [shop]
    invoke_agent Support Ops Orchestrator [support-ops-orchestrator]
      run_step triage-ticket [support-ops-orchestrator]
        client GET [support-ops-orchestrator]
          server GET [shop]
      handoff response-worker [support-ops-orchestrator]
        accept_handoff support-ops-orchestrator [response-worker]
      invoke_agent response-worker [response-worker] -> handoff response-worker
        execute_tool support.compose_reply [response-worker]
          client GET [response-worker]
            server GET [shop]
`.trim();

/** Below Vercel nobody traces the servers; its `fetch` spans are named by their URL. */
const VERCEL_TREE = `
invoke_workflow pipeline [shop]
  invoke_agent Support Ops Orchestrator [support-ops-orchestrator]
    run_step triage-ticket [support-ops-orchestrator]
      client fetch GET http://127.0.0.1/tickets [support-ops-orchestrator]
    handoff response-worker [support-ops-orchestrator]
      accept_handoff support-ops-orchestrator [response-worker]
    invoke_agent response-worker [response-worker] -> handoff response-worker
      execute_tool support.compose_reply [response-worker]
        client fetch GET http://127.0.0.1/tickets [response-worker]
`.trim();

const SHOP_APP = {
  'shop.cjs': program('shop.cjs'),
  'shop-app.mjs': `
    import { createServer } from 'node:http';
    import { Baton } from 'otel-baton';
    import { runShop } from './shop.cjs';
    await runShop({ Baton, createServer });
  `,
  'shop-app.cjs': `
    const { createServer } = require('node:http');
    const { Baton } = require('otel-baton');
    require('./shop.cjs').runShop({ Baton, createServer });
  `,
};

const DATABASE_APP = {
  'database.cjs': program('database.cjs'),
  'database-app.mjs': `
    import { Baton } from 'otel-baton';
    import { runWithQueries } from './database.cjs';
    await runWithQueries(Baton, { operationNames: process.env.OPERATION_NAMES ?? 'standard' });
  `,
};

/** Reports an error from inside the step and the tool call, as an app does that keeps on working. */
const REPORTING_APP = {
  'database.cjs': program('database.cjs'),
  'reporting-app.mjs': `
    import * as Sentry from '@sentry/node';
    import { Baton } from 'otel-baton';
    import { runWithQueries } from './database.cjs';
    let tickets = 0;
    await runWithQueries(Baton, { work: () => Sentry.captureException(new Error('lost ticket ' + ++tickets)) });
  `,
};

const workshop = shareWorkshop();
const receiver = shareReceiver();
const appWith = shareApps(workshop);
let vendor: Vendor;

beforeAll(async () => {
  vendor = await startVendor();
});

afterAll(() => vendor.close());

/** Runs the app below a set-up: the spans that reached our receiver, and what the vendor got. */
async function run(app: UserApp, setUp: string, file: string, env: Readonly<Record<string, string>> = {}) {
  const arrived = watch(receiver);
  const before = vendor.requests.length;
  const { hostname, port } = new URL(vendor.url);
  await app.run(['--import', `./${setUp}`, file], {
    OTEL_SERVICE_NAME: 'shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    LANGFUSE_BASE_URL: vendor.url,
    LANGFUSE_PUBLIC_KEY: 'pk-lf-test',
    LANGFUSE_SECRET_KEY: 'sk-lf-test',
    SENTRY_DSN: `http://key@${hostname}:${port}/1`,
    ...env,
  });
  return { ours: arrived(), vendors: vendor.requests.slice(before) };
}

const LINES = [
  { line: 'SDK 2.x on this Node', node: undefined, api: '1.9.1' },
  { line: 'SDK 3.x on Node 24', node: NODE_OF_SDK_3, api: '1.10.0' },
];

describe.each(LINES)('NodeSDK, $line', ({ node, api }) => {
  const packages = node ? VERSIONS.nodeSdk3 : VERSIONS.nodeSdk2;
  const app = appWith({ packages, node, files: { ...SHOP_APP, [SET_UP]: docsCode(DOCS, 'NodeSDK') } });

  it.each(['shop-app.mjs', 'shop-app.cjs'])(
    'the pipeline is one trace with the HTTP spans above and below it: %s',
    async (file) => {
      const { ours } = await run(app(), SET_UP, file);
      expect(serviceTree(ours.map(withKind))).toBe(SHOP_TREE);
      expect(new Set(ours.map(({ traceId }) => traceId)).size).toBe(1);
      expectStamped(ours, 'client');
      for (const { attributes } of ours.filter(({ kind }) => kind === 'server'))
        expect(stampOf(attributes)).toEqual({});
    },
    60_000,
  );

  it('there is one copy of the API', () => {
    expect(versionsOfApi(app())).toEqual([api]);
  });
});

describe.each(LINES)('Sentry 11, $line', ({ node, api }) => {
  const ownProvider = (options: string) => `
    import * as Sentry from '@sentry/node';
    Sentry.init({ dsn: process.env.SENTRY_DSN, ${options} });
    process.once('beforeExit', () => Sentry.close());
  `;
  const app = appWith({
    packages: node ? VERSIONS.sentry11Sdk3 : VERSIONS.sentry11Sdk2,
    node,
    files: {
      ...SHOP_APP,
      ...REPORTING_APP,
      [SET_UP]: docsCode(DOCS, 'Sentry'),
      'own-provider.mjs': ownProvider('tracesSampleRate: 1, enableOpenTelemetrySetup: true'),
      'static.mjs': ownProvider("tracesSampleRate: 1, enableOpenTelemetrySetup: true, traceLifecycle: 'static'"),
      'errors-only.mjs': ownProvider('enableOpenTelemetrySetup: true'),
      'not-enabled.mjs': ownProvider('tracesSampleRate: 1'),
    },
  });

  it('Sentry and an exporter of our own both get the whole pipeline, errors at their spans', async () => {
    const { ours, vendors } = await run(app(), SET_UP, 'reporting-app.mjs');
    expect(serviceTree(ours)).toBe(QUERIES_TREE);
    expect(serviceTree(otlpOf(vendors))).toBe(inOneService(QUERIES_TREE));
    expect(vendors.map(({ path }) => path)).toContain('/api/1/integration/otlp/v1/traces/');
    const nameOf = new Map(ours.map(({ traceId, spanId, name }) => [`${traceId}:${spanId}`, name]));
    expect(errorsOf(vendors).map(({ message, span }) => [message, nameOf.get(span)])).toEqual([
      ['lost ticket 1', 'run_step triage-ticket'],
      ['lost ticket 2', 'execute_tool support.compose_reply'],
    ]);
  }, 60_000);

  it("Sentry's own provider gets the whole pipeline between its HTTP spans, and gets it alone", async () => {
    const { ours, vendors } = await run(app(), 'own-provider.mjs', 'shop-app.mjs');
    const expected = SHOP_TREE.replaceAll('server GET', 'GET').replaceAll('client GET', 'GET 127.0.0.1');
    expect(serviceTree(sentrySpansOf(vendors))).toBe(inOneService(expected, 'Sentry'));
    expect(ours).toEqual([]);
  }, 60_000);

  it("Sentry's own provider brings them whole when it sends whole transactions", async () => {
    const { vendors } = await run(app(), 'static.mjs', 'reporting-app.mjs');
    expect(serviceTree(sentrySpansOf(vendors))).toBe(inOneService(QUERIES_TREE, 'Sentry'));
  }, 60_000);

  it.each(['errors-only.mjs', 'not-enabled.mjs'])(
    'errors arrive and spans do not: %s',
    async (setUp) => {
      const { ours, vendors } = await run(app(), setUp, 'reporting-app.mjs');
      expect(errorsOf(vendors)).toHaveLength(2);
      expect(sentrySpansOf(vendors)).toEqual([]);
      expect(ours).toEqual([]);
    },
    60_000,
  );

  it('there is one copy of the API', () => {
    expect(versionsOfApi(app())).toEqual([api]);
  });
});

describe('Sentry 10', () => {
  const setUp = docsCode(DOCS, 'Sentry 10');
  const errorsOnly = setUp.replace('tracesSampleRate: 1,', '');
  // The set-up of Sentry 11 without what Sentry 10 does not have.
  const skipped = docsCode(DOCS, 'Sentry')
    .replace(/^.*getOtlpTracesEndpoint.*\n/m, '')
    .replace('integrations: [Sentry.openTelemetryIntegration()]', 'skipOpenTelemetrySetup: true');
  const app = appWith({
    packages: VERSIONS.sentry10,
    files: {
      ...SHOP_APP,
      ...REPORTING_APP,
      [SET_UP]: setUp,
      'errors-only.mjs': errorsOnly,
      'skipped.mjs': skipped,
    },
  });

  it('Sentry gets the whole pipeline as a transaction, and an exporter of our own gets it, too', async () => {
    const { ours, vendors } = await run(app(), SET_UP, 'reporting-app.mjs');
    expect(serviceTree(ours)).toBe(QUERIES_TREE);
    expect(serviceTree(sentrySpansOf(vendors))).toBe(inOneService(QUERIES_TREE, 'Sentry'));
  }, 60_000);

  it("the pipeline is between Sentry's own HTTP spans", async () => {
    const { ours } = await run(app(), SET_UP, 'shop-app.mjs');
    const expected = SHOP_TREE.replaceAll('server GET', 'server GET /tickets').replace('/tickets', '/support');
    expect(serviceTree(ours.map(withKind))).toBe(expected);
    expectStamped(ours, 'client');
  }, 60_000);

  it('for errors only, nobody gets a span', async () => {
    expect(errorsOnly).not.toBe(setUp);
    const { ours, vendors } = await run(app(), 'errors-only.mjs', 'reporting-app.mjs');
    expect(errorsOf(vendors)).toHaveLength(2);
    expect(sentrySpansOf(vendors)).toEqual([]);
    expect(ours).toEqual([]);
  }, 60_000);

  it('for errors only, a set-up of our own gets all spans where Sentry skips its own', async () => {
    const { ours, vendors } = await run(app(), 'skipped.mjs', 'reporting-app.mjs');
    expect(errorsOf(vendors)).toHaveLength(2);
    expect(serviceTree(ours)).toBe(QUERIES_TREE);
  }, 60_000);

  it('there is one copy of the API', () => {
    expect(versionsOfApi(app())).toEqual(['1.9.1']);
  });
});

describe('Langfuse beside an exporter of our own', () => {
  const setUp = docsCode(DOCS, 'Langfuse');
  const defaultFilter = setUp.replace('{ shouldExportSpan }', '');
  const app = appWith({
    packages: VERSIONS.langfuse,
    files: { ...DATABASE_APP, [SET_UP]: setUp, 'default-filter.mjs': defaultFilter },
  });

  it('both get the whole pipeline, each with its own services', async () => {
    const { ours, vendors } = await run(app(), SET_UP, 'database-app.mjs');
    expect(serviceTree(ours)).toBe(QUERIES_TREE);
    expect(serviceTree(otlpOf(vendors))).toBe(inOneService(QUERIES_TREE));
    expect(vendors.map(({ path }) => path)).toEqual(['/api/public/otel/v1/traces']);
    expectStamped(otlpOf(vendors), 'internal', 'database');
  }, 60_000);

  it('its default filter drops what has no gen_ai attribute, and takes nothing from us', async () => {
    expect(defaultFilter).not.toBe(setUp);
    const { ours, vendors } = await run(app(), 'default-filter.mjs', 'database-app.mjs');
    expect(serviceTree(ours)).toBe(QUERIES_TREE);
    const expected = without(QUERIES_TREE, /run_step|SELECT|^ *(accept_)?handoff/, 'nowhere');
    expect(serviceTree(otlpOf(vendors))).toBe(expected);
  }, 60_000);

  it("operationNames: 'all' brings steps, handoffs and their answers through its default filter", async () => {
    const { ours, vendors } = await run(app(), 'default-filter.mjs', 'database-app.mjs', { OPERATION_NAMES: 'all' });
    expect(serviceTree(ours)).toBe(QUERIES_TREE);
    expect(serviceTree(otlpOf(vendors))).toBe(without(QUERIES_TREE, /SELECT/));
  }, 60_000);

  it('there is one copy of the API', () => {
    expect(versionsOfApi(app())).toEqual(['1.9.1']);
  });
});

describe('Vercel', () => {
  const app = appWith({ packages: VERSIONS.vercel, files: { ...SHOP_APP, [SET_UP]: docsCode(DOCS, 'Vercel') } });

  it('the pipeline arrives whole, with the fetch spans below its step and its tool call', async () => {
    const { ours } = await run(app(), SET_UP, 'shop-app.mjs');
    expect(serviceTree(ours.map(withKind).map(withoutPort))).toBe(VERCEL_TREE);
    expectStamped(ours, 'client');
  }, 60_000);

  it('there is one copy of the API', () => {
    expect(versionsOfApi(app())).toEqual(['1.9.1']);
  });
});

it.each([
  ['NodeSDK', 'NodeSDK is there'],
  ['Sentry', 'A vendor is there'],
])('the README shows the same set-up of %s', (onThePage, inTheReadme) => {
  expect(docsCode('README.md', inTheReadme)).toBe(docsCode(DOCS, onThePage));
});

it('the page names the versions that are tested here', () => {
  const page = readFileSync(DOCS, 'utf8');
  const named = Object.values(VERSIONS)
    .flat()
    .filter((version) => /sdk-node|instrumentation-|^@(sentry|langfuse|vercel)/.test(version));
  expect(named.filter((version) => !page.includes(`\`${version}\``))).toEqual([]);
});

interface VendorRequest {
  readonly path: string;
  readonly body: string;
}

interface Vendor {
  readonly url: string;
  readonly requests: readonly VendorRequest[];
  close(): Promise<void>;
}

/** Stands where a vendor's ingestion would: keeps what comes, and says yes. */
async function startVendor(): Promise<Vendor> {
  const requests: VendorRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ path: String(request.url), body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function otel(...names: readonly string[]): string[] {
  return names.map((name) => `@opentelemetry/${name}`);
}

function program(name: string): string {
  return readFileSync(`test/installed/programs/${name}`, 'utf8');
}

function otlpOf(requests: readonly VendorRequest[]): readonly RecordedSpan[] {
  const bodies = requests.filter(({ path }) => path.includes('/v1/traces')).map(({ body }) => body);
  return readOtlpJson(bodies.join('\n')).spans;
}

interface SentrySpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly start_timestamp: number;
  readonly links?: readonly { readonly trace_id: string; readonly span_id: string }[];
}

interface SentryItem {
  /** A transaction: its own place and the spans below it. */
  readonly transaction?: string;
  readonly start_timestamp?: number;
  readonly contexts?: { readonly trace?: SentrySpan };
  readonly spans?: readonly SentrySpan[];
  /** Streamed spans. */
  readonly items?: readonly SentrySpan[];
  /** A reported error. */
  readonly exception?: { readonly values: readonly { readonly value: string }[] };
}

/** An envelope is a line of JSON per item, with a header before each. */
function sentryItems(requests: readonly VendorRequest[]): readonly SentryItem[] {
  const envelopes = requests.filter(({ path }) => path.includes('/envelope/'));
  return envelopes.flatMap(({ body }) => body.split('\n').filter(Boolean)).map((line) => JSON.parse(line));
}

/** Sentry's spans as if OTLP had brought them, from both of its forms: whole transactions, and streamed spans. */
function sentrySpansOf(requests: readonly VendorRequest[]): readonly RecordedSpan[] {
  return sentryItems(requests).flatMap(({ transaction, contexts, spans = [], items = [], start_timestamp }) => {
    const root = transaction && contexts?.trace && start_timestamp;
    const roots = root ? [{ ...contexts.trace, name: transaction, start_timestamp }] : [];
    return [...roots, ...(roots.length > 0 ? spans : []), ...items].map(fromSentry);
  });
}

function fromSentry(span: SentrySpan): RecordedSpan {
  const start = BigInt(Math.round(span.start_timestamp * 1e6)) * 1000n;
  return {
    traceId: span.trace_id,
    spanId: span.span_id,
    parentSpanId: span.parent_span_id,
    name: span.name ?? span.description ?? '',
    kind: 'unspecified',
    startUnixNano: start,
    endUnixNano: start,
    attributes: {},
    events: [],
    links: (span.links ?? []).map(({ trace_id, span_id }) => ({ traceId: trace_id, spanId: span_id, attributes: {} })),
    status: { code: 'unset' },
    resource: { 'service.name': 'Sentry' },
    scope: '',
  };
}

/** Reported errors by their message, with the place of the span that they belong to. */
function errorsOf(requests: readonly VendorRequest[]): readonly { readonly message: string; readonly span: string }[] {
  return sentryItems(requests)
    .flatMap(({ exception, contexts }) => {
      const span = `${contexts?.trace?.trace_id}:${contexts?.trace?.span_id}`;
      return exception ? [{ message: String(exception.values[0]?.value), span }] : [];
    })
    .sort((a, b) => a.message.localeCompare(b.message));
}

function withKind(span: RecordedSpan): RecordedSpan {
  return span.kind === 'server' || span.kind === 'client' ? { ...span, name: `${span.kind} ${span.name}` } : span;
}

function withoutPort(span: RecordedSpan): RecordedSpan {
  return { ...span, name: span.name.replace(/:\d+/, '') };
}

/** Who was at work, as `pipelineSpans` stamps it. */
function stampOf(attributes: RecordedSpan['attributes']): Readonly<Record<string, unknown>> {
  const names = ['session.id', 'baton.run.id', 'baton.agent.key'];
  return Object.fromEntries(names.filter((name) => name in attributes).map((name) => [name, attributes[name]]));
}

/** Both spans that somebody else made say the same as Baton's span above them. */
function expectStamped(spans: readonly RecordedSpan[], kind: RecordedSpan['kind'], scope?: string): void {
  const foreign = spans.filter((span) => span.kind === kind && (scope === undefined || span.scope === scope));
  expect(foreign).toHaveLength(2);
  for (const { attributes, parentSpanId } of foreign) {
    const parent = spans.find(({ spanId }) => spanId === parentSpanId);
    expect(Object.keys(stampOf(attributes))).toHaveLength(3);
    expect(stampOf(attributes)).toEqual(stampOf(parent?.attributes ?? {}));
  }
}

/** A tree as it looks where nobody splits the services. */
function inOneService(tree: string, service = 'shop'): string {
  return tree.replace(/\[.*?\]/g, `[${service}]`);
}

/** A tree in one service as it looks where a filter drops lines, and maybe where a link went to. */
function without(tree: string, dropped: RegExp, linkTarget = 'handoff response-worker'): string {
  const lines = tree.split('\n').filter((line) => !dropped.test(line));
  return inOneService(lines.join('\n')).replace(/-> .*/g, `-> ${linkTarget}`);
}

function versionsOfApi(app: UserApp): readonly string[] {
  return app
    .copiesOf('@opentelemetry/api')
    .map((path) => JSON.parse(readFileSync(`${app.folder}/${path}/package.json`, 'utf8')).version);
}
