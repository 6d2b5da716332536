import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PIPELINE_TREE, serviceTree, TEN_LINES_TREE, watch } from './support/arrived.ts';
import { startCollector } from './support/collector.ts';
import { docsCode } from './support/docs-code.ts';
import { shareReceiver, shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// The packed package in apps of their own, on both SDK lines and in both module systems: a real install, real OTLP over a real
// socket. Run by `npm run test:package`, because it asks the npm registry.

/** As the README says to install them, where nothing is there yet. */
const SDK_2 = [...readFileSync('README.md', 'utf8').matchAll(/@opentelemetry\/([\w-]+@[\d.]+)/g)]
  .map(([, name]) => String(name))
  .slice(0, 4);
const SDK_3 = ['api@1.10', 'sdk-trace@3', 'exporter-trace-otlp-http@0.301', 'context-async-hooks@3'];

/** The first of each line, exact: what the peer ranges promise. 2.8 is the last one without `sdk-trace`, 2.9 the first with it. */
const SDK_2_0 = ['api@1.9.0', 'sdk-trace-base@2.0.0', 'exporter-trace-otlp-http@0.200.0', 'context-async-hooks@2.0.0'];
const SDK_2_8 = ['api@1.9.0', 'sdk-trace-base@2.8.0', 'exporter-trace-otlp-http@0.219.0', 'context-async-hooks@2.8.0'];
const SDK_2_9 = ['api@1.9.0', 'sdk-trace-base@2.9.0', 'exporter-trace-otlp-http@0.220.0', 'context-async-hooks@2.9.0'];
const SDK_3_0 = ['api@1.10.0', 'sdk-trace@3.0.0', 'exporter-trace-otlp-http@0.300.0', 'context-async-hooks@3.0.0'];
const SDK_1 = ['api@1.9.1', 'sdk-trace-base@1.30.1', 'exporter-trace-otlp-http@0.57.2', 'context-async-hooks@1.30.1'];

const LINES: readonly { readonly name: string; readonly packages: readonly string[]; readonly node?: string }[] = [
  { name: 'SDK 2.x, API 1.9, on this Node', packages: SDK_2 },
  { name: 'SDK 2.0, API 1.9, on this Node', packages: SDK_2_0 },
  { name: 'SDK 2.8, API 1.9, on this Node', packages: SDK_2_8 },
  { name: 'SDK 2.9, API 1.9, on this Node', packages: SDK_2_9 },
  { name: 'SDK 3.x, API 1.10, on Node 22', packages: SDK_3, node: '22' },
  { name: 'SDK 3.0, API 1.10, on Node 22', packages: SDK_3_0, node: '22' },
  { name: 'SDK 3.x, API 1.10, on Node 24', packages: SDK_3, node: '24' },
];

const workshop = shareWorkshop();
const receiver = shareReceiver();

const HELPERS = "const issueRefund = async (order) => 'refunded ' + order;\n";

/** The ten lines of the README for both module systems. */
function tenLines(): Readonly<Record<string, string>> {
  const code = docsCode('README.md', 'Ten lines');
  const [imports, ...rest] = code.split('\n');
  const required = String(imports).replace(/^import (.*) from '(.*)';$/, "const $1 = require('$2');");
  return {
    'ten-lines.mjs': `${HELPERS}${code}`,
    'ten-lines.cjs': `${HELPERS}${required}\n(async () => {\n${rest.join('\n')}\n})();\n`,
  };
}

/** The escalation pipeline, in an app whose OpenTelemetry was set up by somebody else. */
const PIPELINE = {
  'pipeline-app.mjs': `
    import { Baton } from 'otel-baton';
    import { runPipeline } from './pipeline.cjs';
    await (await runPipeline(Baton)).shutdown();
  `,
  'pipeline-app.cjs': `
    const { Baton } = require('otel-baton');
    const { runPipeline } = require('./pipeline.cjs');
    runPipeline(Baton).then((baton) => baton.shutdown());
  `,
};

/** A set-up by hand, as each line's own guide shows it. */
function handMade(line: '2' | '3'): string {
  const [from, provider, batch] =
    line === '2'
      ? ['sdk-trace-base', 'BasicTracerProvider', 'exporter']
      : ['sdk-trace', 'TracerProvider', '{ exporter }'];
  return `
    const { context, trace } = require('@opentelemetry/api');
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
    const { BatchSpanProcessor, SimpleSpanProcessor, ${provider} } = require('@opentelemetry/${from}');
    const { resourceFromAttributes } = require('@opentelemetry/resources');
    const { agentServices, onlyPipelines, pipelineSpans, redactSpans } = require('otel-baton/export');

    const exporter = agentServices(onlyPipelines(redactSpans(new OTLPTraceExporter())));
    const Processor = process.env.PROCESSOR === 'simple' ? SimpleSpanProcessor : BatchSpanProcessor;
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(
      new ${provider}({
        resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
        spanProcessors: [pipelineSpans(), new Processor(${batch})],
      }),
    );
    // No part of a pipeline: it must not arrive.
    trace.getTracer('app').startSpan('start-up').end();
    if (process.env.SECRET) {
      const tracer = trace.getTracer('http');
      const attributes = { 'session.id': 'S-1', 'url.full': 'https://ada:' + process.env.SECRET + '@example.com/' };
      tracer.startSpan('GET', { attributes }).setStatus({ code: 2, message: 'password=' + process.env.SECRET }).end();
    }
  `;
}

describe.each(LINES)('$name', ({ packages, node }) => {
  let app: UserApp;

  beforeAll(async () => {
    app = await workshop.app({
      packages: packages.map((name) => `@opentelemetry/${name}`),
      node,
      files: {
        ...tenLines(),
        ...PIPELINE,
        'set-up.cjs': handMade(packages.includes('sdk-trace@3') || packages === SDK_3_0 ? '3' : '2'),
      },
    });
  }, 180_000);

  const run = async (...args: string[]): Promise<string> => {
    const arrived = watch(receiver);
    await app.run(args, { OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    return serviceTree(arrived());
  };

  it.each([
    ['an ES module', '--import', 'ten-lines.mjs'],
    ['CommonJS', '--require', 'ten-lines.cjs'],
  ])(
    'the ten lines of the README arrive whole as %s',
    async (_, flag, file) => {
      expect(await run(flag, 'otel-baton/register', file)).toBe(TEN_LINES_TREE);
    },
    60_000,
  );

  it.each([
    ['an ES module, set up by its own import', ['--import', 'otel-baton/register', 'pipeline-app.mjs']],
    ['CommonJS, set up by its own require', ['--require', 'otel-baton/register', 'pipeline-app.cjs']],
    ['an ES module beside an SDK that CommonJS set up by hand', ['--require', './set-up.cjs', 'pipeline-app.mjs']],
    ['CommonJS beside an SDK that was set up by hand', ['--require', './set-up.cjs', 'pipeline-app.cjs']],
  ])(
    'the pipeline arrives whole, with parents, links and resources: %s',
    async (_, args) => {
      expect(await run(...args)).toBe(PIPELINE_TREE);
    },
    60_000,
  );

  it.each(['simple', 'batch'])(
    'both exporter plugins, one around the other, let just the pipeline through behind a %s processor',
    async (PROCESSOR) => {
      const arrived = watch(receiver);
      await app.run(['--require', './set-up.cjs', 'pipeline-app.mjs'], {
        PROCESSOR,
        OTEL_SERVICE_NAME: 'shop',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      });
      expect(serviceTree(arrived())).toBe(PIPELINE_TREE);
    },
    60_000,
  );

  it('redactSpans takes the secrets out of spans of others', async () => {
    const arrived = watch(receiver);
    await app.run(['--require', './set-up.cjs', 'pipeline-app.mjs'], {
      SECRET: 'hunter2',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    });
    const span = arrived().find(({ name }) => name === 'GET');
    expect([span?.attributes['url.full'], span?.status.message]).toEqual([
      'https://ada:[REDACTED]@example.com/',
      'password=[REDACTED]',
    ]);
  }, 60_000);

  it('there is one copy of the API', () => {
    expect(app.copiesOf('@opentelemetry/api')).toEqual(['node_modules/@opentelemetry/api']);
  });
});

describe.each([
  ['http/protobuf', 'exporter-trace-otlp-proto'],
  ['grpc', 'exporter-trace-otlp-grpc'],
])('the protocol %s', (protocol, exporter) => {
  const lines: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ['SDK 2.x', SDK_2.map((name) => name.replace('exporter-trace-otlp-http', exporter)), undefined],
    ['SDK 3.x', SDK_3.map((name) => name.replace('exporter-trace-otlp-http', exporter)), '24'],
  ];

  it.each(lines)(
    'is the one of %s where its exporter alone is installed, and carries the given headers',
    async (_, packages, node) => {
      const app = await workshop.app({
        packages: packages.map((name) => `@opentelemetry/${name}`),
        node,
        files: {
          'app.mjs': `
          import { trace } from '@opentelemetry/api';
          import { register } from 'otel-baton/sdk';
          const telemetry = register({ endpoint: process.env.GIVEN, headers: { 'x-key': 'mine' } });
          trace.getTracer('app').startSpan('sent-as-protobuf').end();
          console.log(await telemetry.flush());
          process.exit();
        `,
        },
      });
      const collector = await startCollector(protocol === 'grpc');
      const { stdout, stderr } = await app.run(['app.mjs'], { GIVEN: collector.url });
      await collector.close();
      expect({ stdout, stderr }).toEqual({ stdout: 'true\n', stderr: '' });
      expect(collector.got).toEqual([
        { key: 'mine', type: protocol === 'grpc' ? 'application/grpc' : 'application/x-protobuf' },
      ]);
      expect(collector.bytes()).toContain('sent-as-protobuf');
    },
    180_000,
  );
});

describe('SDK 1.30', () => {
  let app: UserApp;

  beforeAll(async () => {
    app = await workshop.app({
      packages: SDK_1.map((name) => `@opentelemetry/${name}`),
      files: {
        ...PIPELINE,
        'set-up.cjs': `
          const { context, trace } = require('@opentelemetry/api');
          const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
          const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
          const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
          const { Resource } = require('@opentelemetry/resources');
          const { pipelineSpans } = require('otel-baton/export');
          context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
          trace.setGlobalTracerProvider(
            new BasicTracerProvider({
              resource: new Resource({ 'service.name': 'shop' }),
              spanProcessors: [pipelineSpans(), new BatchSpanProcessor(new OTLPTraceExporter())],
            }),
          );
        `,
        'plain.mjs': "console.log('the app runs');",
      },
    });
  }, 180_000);

  it('gets the whole pipeline from an app that set it up itself', async () => {
    const arrived = watch(receiver);
    await app.run(['--require', './set-up.cjs', 'pipeline-app.mjs'], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(serviceTree(arrived())).toBe(PIPELINE_TREE.replace(/\[.*?\]/g, '[shop]'));
  }, 60_000);

  it('is refused by the preload in one line that says what to install, and the app goes on', async () => {
    const { stdout, stderr } = await app.run(['--import', 'otel-baton/register', 'plain.mjs']);
    expect(stdout).toBe('the app runs\n');
    expect(stderr).toMatch(
      /^otel-baton: the app runs without telemetry\. OpenTelemetry's SDK 1\.x is too old, 2\.x or 3\.x is needed; installed: .*sdk-trace-base@1\.30\.1.* Run npm install @opentelemetry\/.*\n$/,
    );
  }, 60_000);
});

it('packages of two lines side by side: one line says which', async () => {
  const app = await workshop.app({
    packages: [
      'api@1.9.1',
      'sdk-trace-base@2.12.0',
      'context-async-hooks@2.12.0',
      'exporter-trace-otlp-http@0.57.2',
    ].map((name) => `@opentelemetry/${name}`),
    files: { 'plain.mjs': "console.log('the app runs');" },
  });
  const { stdout, stderr } = await app.run(['--import', 'otel-baton/register', 'plain.mjs']);
  expect(stdout).toBe('the app runs\n');
  expect(stderr).toMatch(/^otel-baton: .*exporter-trace-otlp-http@0\.57\.2.*\n$/);
}, 180_000);

describe('a preload that child processes inherit by NODE_OPTIONS', () => {
  const child = `
    import { spawnSync } from 'node:child_process';
    const NODE_OPTIONS = '--import ' + import.meta.resolve('otel-baton/register');
    const program = "console.log('the child runs')";
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program, 'an-argument'], {
      cwd: process.argv[2],
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS },
    });
    console.log(JSON.stringify({ status, stdout, stderr }));
  `;
  const inFolder = async (packages: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> => {
    const app = await workshop.app({
      packages: packages.map((name) => `@opentelemetry/${name}`),
      files: { 'parent.mjs': child },
    });
    return JSON.parse((await app.run(['parent.mjs', tmpdir()])).stdout);
  };

  it('finds the SDK beside otel-baton', async () => {
    expect(await inFolder(SDK_2)).toEqual({ status: 0, stdout: 'the child runs\n', stderr: '' });
  }, 180_000);

  it('lets them run where there is none, and says so in one line', async () => {
    const { status, stdout, stderr } = await inFolder(['api@1.9.1']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'the child runs\n' });
    expect(stderr).toMatch(
      /^otel-baton: the app runs without telemetry\. OpenTelemetry's SDK is not installed: .* Run npm install .*\n$/,
    );
  }, 180_000);
});
