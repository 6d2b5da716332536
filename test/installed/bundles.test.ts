import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { serviceTree, watch } from './support/arrived.ts';
import { shareReceiver, shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// What is bundled or traced runs where there is no node_modules: what the bundlers and Next.js make is moved away, and the app that
// it was made from is taken away. `otel-baton/bundled` brings the SDK along; `otel-baton/sdk` costs the telemetry and no more.
// Run by `npm run test:package`.

const OTEL = ['api@1.9', 'sdk-trace-base@2', 'exporter-trace-otlp-http@0.223', 'context-async-hooks@2'];
const OTEL_3 = ['api@1.10', 'sdk-trace@3', 'exporter-trace-otlp-http@0.301', 'context-async-hooks@3'];
const named = (packages: readonly string[]): string[] => packages.map((name) => `@opentelemetry/${name}`);

const GUIDE = readFileSync('docs/runtimes.md', 'utf8');
/** The line that the guide gives for this tool. */
const line = (tool: string): string => {
  const found = new RegExp(`^(npx )?${tool} .*$`, 'm').exec(GUIDE)?.[0];
  if (!found) throw new Error(`docs/runtimes.md has no line of ${tool}`);
  return found;
};

const program = (entry: string): string => `
  import { Baton } from 'otel-baton';
  import { register } from '${entry}';

  const telemetry = register({ serviceName: 'shop' });
  const baton = new Baton({ agent: 'desk' });
  baton
    .withSession({ kind: 'pipeline' }, () => baton.withRun({ agent: 'billing' }, async () => 'done'))
    .then(async (answer) => console.log(answer, await telemetry.shutdown()));
`;

const TREE = 'invoke_workflow pipeline [shop]\n  invoke_agent billing [billing]';
const WITHOUT = /^otel-baton: the app runs without telemetry\. .* Run npm install @opentelemetry\/.*$/m;

const workshop = shareWorkshop();
const receiver = shareReceiver();

/** A folder with nothing around it that could be found from there. */
function elsewhere(): string {
  return mkdtempSync(join(workshop.folder, 'elsewhere-'));
}

/** Types a line in the folder of an app. */
async function type(app: UserApp, command: string): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: app.folder, CI: '1', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1' };
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], { cwd: app.folder, env });
  return stdout + stderr;
}

function run(file: string): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  return promisify(execFile)(process.execPath, [file], { cwd: dirname(file), env });
}

describe.each([
  ['SDK 2.x', OTEL],
  ['SDK 3.x', OTEL_3],
])('with %s, one file that was made by', (_, otel) => {
  const made = new Map<string, { readonly file: string; readonly said: string }>();
  let folder: string;

  beforeAll(async () => {
    const app = await workshop.app({
      packages: [...named(otel), 'esbuild@0.28', 'webpack@5', 'webpack-cli@6'],
      files: {
        'bundled.mjs': program('otel-baton/bundled'),
        'sdk.mjs': program('otel-baton/sdk'),
        'webpack.config.cjs': `module.exports = (env) => ({
          entry: './app.mjs',
          target: 'node20',
          mode: 'production',
          output: { path: __dirname + '/out', filename: 'app.cjs' },
        });`,
      },
    });
    folder = elsewhere();
    const tools = {
      'esbuild-cjs': line('esbuild app.mjs .*format=cjs'),
      'esbuild-esm': line('esbuild app.mjs .*format=esm'),
      webpack: 'npx webpack',
    };
    for (const entry of ['bundled', 'sdk']) {
      for (const [tool, command] of Object.entries(tools)) {
        cpSync(join(app.folder, `${entry}.mjs`), join(app.folder, 'app.mjs'));
        rmSync(join(app.folder, 'out'), { recursive: true, force: true });
        const said = await type(app, command);
        const to = join(folder, `${entry}-${tool}`);
        cpSync(join(app.folder, 'out'), to, { recursive: true });
        const file = ['app.cjs', 'app.mjs'].map((name) => join(to, name)).find((name) => existsSync(name));
        made.set(`${entry} ${tool}`, { file: String(file), said });
      }
    }
    rmSync(app.folder, { recursive: true });
  }, 240_000);

  it.each(['esbuild-cjs', 'esbuild-esm', 'webpack'])(
    '%s sends its spans with otel-baton/bundled, and runs without them with otel-baton/sdk',
    async (tool) => {
      const bundled = made.get(`bundled ${tool}`);
      expect(bundled?.said).not.toMatch(/warn/i);
      const arrived = watch(receiver);
      expect((await run(String(bundled?.file))).stdout).toBe('done true\n');
      expect(serviceTree(arrived())).toBe(TREE);

      const sdk = made.get(`sdk ${tool}`);
      expect(sdk?.said).not.toMatch(/warn/i);
      const { stdout, stderr } = await run(String(sdk?.file));
      expect(stdout).toBe('done true\n');
      expect(stderr).toMatch(WITHOUT);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
    60_000,
  );
});

describe("Next.js 16 with output: 'standalone'", () => {
  let folder: string;

  beforeAll(async () => {
    const app = await workshop.app({
      packages: [
        ...named(OTEL),
        'next@16.4.6',
        'react@19',
        'react-dom@19',
        'typescript@5.9',
        '@types/node@20',
        '@types/react@19',
      ],
      files: {
        'next.config.js': "module.exports = { output: 'standalone' };",
        // Which of the two entries is asked for is known at run time alone, so that one build shows both.
        'instrumentation.ts': `
          export async function register() {
            if (process.env.NEXT_RUNTIME === 'nodejs') {
              const entry = process.env.ENTRY === 'sdk' ? import('otel-baton/sdk') : import('otel-baton/bundled');
              (await entry).register({ serviceName: 'shop' });
            }
          }`,
      },
    });
    const files = {
      'layout.tsx': `export default function Layout({ children }: { children: React.ReactNode }) {
        return <html><body>{children}</body></html>;
      }`,
      'work/route.ts': `import { Baton } from 'otel-baton';
        const baton = new Baton({ agent: 'desk' });
        export const dynamic = 'force-dynamic';
        export async function GET() {
          await baton.withSession({ kind: 'pipeline' }, () => baton.withRun({ agent: 'billing' }, async () => 'done'));
          return new Response('served ' + (await baton.flush()));
        }`,
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(app.folder, 'app', dirname(name)), { recursive: true });
      writeFileSync(join(app.folder, 'app', name), text);
    }
    // Packages of one version are one in the tree, without a lock file of anybody else's above it.
    await type(app, 'npx next build');
    folder = elsewhere();
    cpSync(join(app.folder, '.next/standalone'), folder, { recursive: true });
    rmSync(app.folder, { recursive: true });
  }, 480_000);

  /** Starts the server, asks it once, and gives what it said. */
  async function serve(ENTRY: string): Promise<{ answer: string; said: string }> {
    const PORT = String(await freePort());
    const env = {
      PATH: process.env.PATH,
      HOSTNAME: '127.0.0.1',
      PORT,
      ENTRY,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    };
    const server = spawn(process.execPath, ['server.js'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const ended = new Promise((resolve) => server.once('close', resolve));
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (said += chunk));
    try {
      for (let attempt = 0; attempt < 100; attempt++) {
        const answer = await fetch(`http://127.0.0.1:${PORT}/work`).then(
          (response) => response.text(),
          () => undefined,
        );
        if (answer !== undefined) return { answer, said };
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error(`the server does not answer: ${said}`);
    } finally {
      server.kill();
      await ended;
    }
  }

  it('sends its spans with otel-baton/bundled', async () => {
    const arrived = watch(receiver);
    expect(await serve('bundled')).toMatchObject({
      answer: 'served true',
      said: expect.not.stringContaining('otel-baton'),
    });
    const pipeline = arrived().filter(({ scope }) => scope === 'otel-baton');
    expect(serviceTree(pipeline)).toBe(TREE);
  }, 60_000);

  it('serves without telemetry with otel-baton/sdk, and says so in one line', async () => {
    const { answer, said } = await serve('sdk');
    expect(answer).toMatch(/^served/);
    expect(said).toMatch(WITHOUT);
    expect(said.match(/otel-baton:/g)).toHaveLength(1);
  }, 60_000);
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
