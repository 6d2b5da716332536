import { execFile, spawn } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PIPELINE_TREE, serviceTree, TEN_LINES_TREE, watch } from './support/arrived.ts';
import { shareReceiver, shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// The packed package beyond Node, as docs/runtimes.md says it: the commands and the code are the page's own, the runtimes come
// from npm, the spans arrive over real OTLP. Run by `npm run test:package`.

const VERSIONS = {
  bun: '1.4.5',
  deno: '2.9.6',
  wrangler: '4.164.0',
  workerd: '1.20261117.1',
  node: '22.23.3', // for wrangler
};

const SDK_2 = ['api@1.9', 'sdk-trace-base@2', 'exporter-trace-otlp-http@0.223', 'context-async-hooks@2'];
const SDK_3 = ['api@1.10', 'sdk-trace@3', 'resources@3', 'exporter-trace-otlp-http@0.301', 'context-async-hooks@3'];
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['SDK 2.x', SDK_2],
  ['SDK 3.x', SDK_3],
];

const execute = promisify(execFile);
const GUIDE = readFileSync('docs/runtimes.md', 'utf8');

const workshop = shareWorkshop();
const receiver = shareReceiver();
/** Where the runtimes are: on the PATH of each app, as on a user's machine. */
let runtimes: UserApp;

beforeAll(async () => {
  const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
  runtimes = await workshop.app({ packages, files: {} });
}, 120_000);

/** The code below a heading of the guide. */
function guide(heading: string, language: string, nth = 0): string {
  const chapter = GUIDE.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  const code = [...String(chapter).matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))][nth]?.[1];
  if (!code) throw new Error(`docs/runtimes.md has no such code below "${heading}"`);
  return code;
}

/** The last line of what a user types, for this file. In Deno, a `require` of the app's own files asks to read them. */
function command(heading: string, file: string): string {
  const line = String(guide(heading, 'sh').trim().split('\n').at(-1)).replace('app.ts', file);
  return file.endsWith('.cjs') ? line.replace('deno run', 'deno run --allow-read') : line;
}

// No ids: only a context manager that works in this runtime gives this tree.
const TEN_LINES = `
import { Baton } from 'otel-baton';
const baton = await Baton.create({ agent: { key: 'triage', name: 'Triage' } });
const work = () => new Promise((resolve) => setTimeout(resolve, 2));
await baton.withSession({ kind: 'pipeline' }, async () => {
  await baton.withRun({ stepKey: 'triage' }, async () => {
    await work();
    baton.trackHandoffRequested({ target: 'billing', reason: 'The customer wants a refund' });
    await baton.withChildRun({ agent: 'billing' }, async () => {
      await work();
      await baton.withTool({ tool: { name: 'issue_refund', riskLevel: 'high' } }, work);
    });
  });
});
await baton.shutdown();
`;

const FLAT = `
invoke_workflow pipeline [shop]
invoke_agent Triage [triage]
handoff billing [triage]
invoke_agent billing [billing]
execute_tool issue_refund [triage]
`.trim();

const FILES = {
  'ten-lines.ts': TEN_LINES,
  'pipeline.ts': `
    import { Baton } from 'otel-baton';
    import { runPipeline } from './pipeline.cjs';
    await (await runPipeline(Baton)).shutdown();
  `,
  'common.cjs': `
    const { Baton } = require('otel-baton');
    const { runPipeline } = require('./pipeline.cjs');
    runPipeline(Baton).then((baton) => baton.shutdown());
  `,
  // Nobody flushes: what \`register\` does at the end of a process must work here, too.
  'forgetful.ts': `
    import { Baton } from 'otel-baton';
    import { runPipeline } from './pipeline.cjs';
    await runPipeline(Baton);
  `,
};

const WHOLE: readonly (readonly [string, string, string])[] = [
  ['from the async context alone', 'ten-lines.ts', TEN_LINES_TREE],
  ['with explicit ids', 'pipeline.ts', PIPELINE_TREE],
  ['as CommonJS', 'common.cjs', PIPELINE_TREE],
  ['when the app forgets to shut down', 'forgetful.ts', PIPELINE_TREE],
];

/** Types a line in the app's folder, with the runtimes at hand and nobody's telemetry. */
function type(app: UserApp, line: string, env: Readonly<Record<string, string>> = {}) {
  const path = `${join(runtimes.folder, 'node_modules/.bin')}:${process.env.PATH}`;
  const quiet = { NO_COLOR: '1', CI: '1', DENO_NO_UPDATE_CHECK: '1', WRANGLER_SEND_METRICS: 'false' };
  return execute('sh', ['-c', line], {
    cwd: app.folder,
    env: { PATH: path, HOME: app.folder, ...quiet, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
    timeout: 60_000,
  });
}

function install(packages: readonly string[], files: Readonly<Record<string, string>>): Promise<UserApp> {
  return workshop.app({ packages: packages.map((name) => `@opentelemetry/${name}`), files });
}

it('the guide names the versions that are tested here', () => {
  const named = [`Bun ${VERSIONS.bun}`, `Deno ${VERSIONS.deno}`, `wrangler ${VERSIONS.wrangler}`];
  for (const version of [...named, `workerd ${VERSIONS.workerd}`]) expect(GUIDE).toContain(version);
});

describe.each(LINES)('an app with the API and the packages of %s', (_, sdk) => {
  const OWN = 'Deno, with its own OpenTelemetry';
  const SDK = 'Deno, with the SDK';
  let app: UserApp;

  beforeAll(async () => {
    app = await install(sdk, FILES);
    // Deno looks `npm:otel-baton` up by version; ours came as a file, and nobody has published it.
    const manifest = JSON.parse(readFileSync(join(app.folder, 'package.json'), 'utf8'));
    manifest.dependencies['otel-baton'] = '*';
    writeFileSync(join(app.folder, 'package.json'), JSON.stringify(manifest));
  }, 120_000);

  it.each(WHOLE)(
    'Bun: the pipeline arrives whole %s',
    async (_, file, tree) => {
      const arrived = watch(receiver);
      await type(app, command('Bun', file));
      expect(serviceTree(arrived())).toBe(tree);
    },
    60_000,
  );

  it('Bun: bunfig.toml does the same as the option', async () => {
    const preload = /`(preload = .*?)` in `bunfig.toml`/.exec(GUIDE)?.[1];
    writeFileSync(join(app.folder, 'bunfig.toml'), String(preload));
    const arrived = watch(receiver);
    await type(app, command('Bun', 'pipeline.ts').replace('--preload otel-baton/register ', ''));
    rmSync(join(app.folder, 'bunfig.toml'));
    expect(serviceTree(arrived())).toBe(PIPELINE_TREE);
  }, 60_000);

  it.each(WHOLE)(
    'Deno: the pipeline arrives whole %s, with the SDK set up by the preload',
    async (_, file, tree) => {
      const arrived = watch(receiver);
      await type(app, command(SDK, file));
      expect(serviceTree(arrived())).toBe(tree);
    },
    60_000,
  );

  it.each(WHOLE)(
    'Deno: the pipeline arrives whole %s from the OpenTelemetry of Deno, in one service',
    async (_, file, tree) => {
      const arrived = watch(receiver);
      await type(app, command(OWN, file), { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
      expect(serviceTree(arrived())).toBe(tree.replace(/\[.*?\]/g, '[shop]'));
    },
    60_000,
  );

  it('Deno: the preload joins the OpenTelemetry of Deno, and says so', async () => {
    const arrived = watch(receiver);
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_DENO: 'true' };
    const { stderr } = await type(app, command(SDK, 'pipeline.ts'), env);
    expect(stderr).toContain('joined it, nothing was set up');
    expect(serviceTree(arrived())).toBe(PIPELINE_TREE.replace(/\[.*?\]/g, '[shop]'));
  }, 60_000);
});

describe('Cloudflare Workers', () => {
  const CHAPTER = 'Cloudflare Workers';
  const set = guide(CHAPTER, 'ts', 0);
  let app: UserApp;

  beforeAll(async () => {
    app = await install(SDK_3, {
      'wrangler.jsonc': guide(CHAPTER, 'jsonc'),
      'otel.ts': set,
      'bare.ts': set.replace(/^.*(AsyncLocalStorageContextManager|context\.).*\n/gm, '').replace('context, ', ''),
      'worker.ts': guide(CHAPTER, 'ts', 1),
      'flat.ts': guide(CHAPTER, 'ts', 1).replace('otel.ts', 'bare.ts'),
      'ids.ts': worker("import './otel.ts';\nimport { runPipeline } from './pipeline.cjs';"),
      'no-context.ts': worker("import './bare.ts';\nimport { runPipeline } from './pipeline.cjs';"),
      'no-context-guide.ts': worker(`import './bare.ts';\n${PIPELINE_OF_GUIDE}`),
    });
  }, 120_000);

  it('the Worker of the guide arrives whole, from the async context alone', async () => {
    const arrived = watch(receiver);
    await serve(app, 'worker', (url) => visit(url, arrived, 6));
    expect(serviceTree(arrived())).toBe(TEN_LINES_TREE);
  }, 60_000);

  it('requests at the same time keep their scopes apart', async () => {
    const arrived = watch(receiver);
    const many = Array.from({ length: 20 });
    await serve(app, 'worker', (url) => Promise.all(many.map(() => visit(url, arrived, 6 * many.length))));
    expect(serviceTree(arrived())).toBe(many.map(() => TEN_LINES_TREE).join('\n'));
  }, 60_000);

  it('the pipeline arrives whole with explicit ids', async () => {
    const arrived = watch(receiver);
    await serve(app, 'ids', (url) => visit(url, arrived, 7));
    expect(serviceTree(arrived())).toBe(PIPELINE_TREE);
  }, 60_000);

  it.each([
    ['no-context', PIPELINE_TREE],
    ['no-context-guide', TEN_LINES_TREE],
  ])(
    'explicit ids carry the tree where there is no Node and no context manager: %s',
    async (name, tree) => {
      const arrived = watch(receiver);
      await serve(app, name, (url) => visit(url, arrived, tree.split('\n').length), '2024-01-01');
      expect(serviceTree(arrived())).toBe(tree);
    },
    60_000,
  );

  it('without ids and without a context manager each span is the root of a trace of its own', async () => {
    const arrived = watch(receiver);
    await serve(app, 'flat', (url) => visit(url, arrived, 5), '2024-01-01');
    expect(serviceTree(arrived())).toBe(FLAT);
  }, 60_000);
});

/** The function of the guide that names all ids, under the name of the pipeline. */
const PIPELINE_OF_GUIDE = `${guide('Where there is no context manager', 'ts')}
const runPipeline = async () => {
  const baton = new Baton({ agent: { key: 'triage', name: 'Triage' } });
  await pipeline(baton);
  return baton;
};
`;

function worker(head: string): string {
  return `
    import { Baton } from 'otel-baton';
    ${head}
    export default {
      async fetch(request, env, ctx) {
        const baton = await runPipeline(Baton);
        ctx.waitUntil(baton.flush());
        return new Response('done');
      },
    };
  `;
}

/** Bundles a Worker as `wrangler deploy` does and serves it with what Cloudflare runs, as of this date. */
async function serve(app: UserApp, name: string, use: (url: string) => Promise<unknown>, date = '2026-11-01') {
  const dated = `--compatibility-date ${date}`;
  await type(app, `wrangler deploy ${name}.ts --dry-run --outdir ${name} ${dated}`);
  renameSync(join(app.folder, name, `${name}.js`), join(app.folder, name, 'worker.js'));
  const config = readFileSync('test/installed/programs/workerd.capnp', 'utf8').replace('2026-11-01', date);
  writeFileSync(join(app.folder, name, 'workerd.capnp'), config);
  const runtime = spawn(
    join(runtimes.folder, 'node_modules/.bin/workerd'),
    ['serve', '--control-fd=3', 'workerd.capnp'],
    {
      cwd: join(app.folder, name),
      env: { PATH: process.env.PATH, OTLP_ENDPOINT: receiver.url },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => runtime.once('exit', () => resolve()));
  try {
    await use(`http://127.0.0.1:${await listening(runtime.stdio[3] as Readable, runtime.stdio[2] as Readable)}`);
  } finally {
    runtime.kill('SIGKILL');
    await ended;
  }
}

/** The port that workerd says it listens on. */
function listening(control: Readable, errors: Readable): Promise<number> {
  let complaint = '';
  errors.on('data', (chunk) => {
    complaint += chunk;
  });
  return new Promise((resolve, reject) => {
    control.on('data', (chunk) => {
      const port = /"event":"listen".*"port":(\d+)/.exec(String(chunk))?.[1];
      if (port) resolve(Number(port));
    });
    control.on('end', () => reject(new Error(`workerd ended: ${complaint}`)));
  });
}

/** One request, and what it sends after its answer. */
async function visit(url: string, arrived: () => readonly unknown[], spans: number): Promise<void> {
  const answer = await fetch(url);
  expect({ status: answer.status, text: await answer.text() }).toMatchObject({ status: 200 });
  for (let tries = 0; tries < 200 && arrived().length < spans; tries++) await delay(25);
}

describe('Node', () => {
  it('explicit ids carry the tree without a context manager', async () => {
    const app = await install(SDK_2, {
      'app.cjs': `
        const { trace } = require('@opentelemetry/api');
        const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
        const { resourceFromAttributes } = require('@opentelemetry/resources');
        const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
        const { Baton } = require('otel-baton');
        const { agentServices } = require('otel-baton/export');
        const { runPipeline } = require('./pipeline.cjs');
        trace.setGlobalTracerProvider(
          new BasicTracerProvider({
            resource: resourceFromAttributes({ 'service.name': 'shop' }),
            spanProcessors: [new BatchSpanProcessor(agentServices(new OTLPTraceExporter()))],
          }),
        );
        runPipeline(Baton).then((baton) => baton.shutdown());
      `,
    });
    const arrived = watch(receiver);
    await app.run(['app.cjs'], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(serviceTree(arrived())).toBe(PIPELINE_TREE);
  }, 120_000);
});
