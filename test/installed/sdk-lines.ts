import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Receiver, startReceiver } from '../../src/cli/demo/receiver.ts';
import { PIPELINE_TREE, serviceTree, TEN_LINES_TREE, watch } from './support/arrived.ts';
import { docsCode } from './support/docs-code.ts';
import { openWorkshop, type UserApp, type Workshop } from './support/user-app.ts';

// The packed package in apps of their own, on both SDK lines and in both module systems: a real install, real OTLP over a real
// socket. Run by `npm run test:package`, because it asks the npm registry.

/** As the README says to install them, where nothing is there yet. */
const SDK_2 = [...readFileSync('README.md', 'utf8').matchAll(/@opentelemetry\/([\w-]+@[\d.]+)/g)]
  .map(([, name]) => String(name))
  .slice(0, 4);
const SDK_3 = ['api@1.10', 'sdk-trace@3', 'exporter-trace-otlp-http@0.301', 'context-async-hooks@3'];

const LINES: readonly { readonly name: string; readonly packages: readonly string[]; readonly node?: string }[] = [
  { name: 'SDK 2.x, API 1.9, on this Node', packages: SDK_2 },
  { name: 'SDK 3.x, API 1.10, on Node 22', packages: SDK_3, node: '22' },
  { name: 'SDK 3.x, API 1.10, on Node 24', packages: SDK_3, node: '24' },
];

let workshop: Workshop;
let receiver: Receiver;

beforeAll(async () => {
  [workshop, receiver] = await Promise.all([openWorkshop(), startReceiver()]);
}, 120_000);

afterAll(async () => {
  await receiver.close();
  workshop.remove();
});

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
      files: { ...tenLines(), ...PIPELINE, 'set-up.cjs': handMade(packages === SDK_2 ? '2' : '3') },
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
