import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Receiver, startReceiver } from '../../src/cli/demo/receiver.ts';
import { type RecordedSpan, readOtlpJson } from '../../src/replay.ts';

// The ten lines of the README in an app of their own, on both SDK lines: a real install of the packed package, no set-up but
// `otel-baton/register`, real OTLP over a real socket. Run by `npm run test:package`, because it asks the npm registry.

const run = promisify(execFile);

interface Line {
  readonly name: string;
  readonly packages: readonly string[];
  /** A version of the npm package `node`, or the Node that runs the test. */
  readonly node?: string;
}

const LINES: readonly Line[] = [
  {
    name: 'SDK 2.x, API 1.9, on this Node',
    packages: ['api@1.9', 'sdk-trace-base@2', 'exporter-trace-otlp-http@0.223', 'context-async-hooks@2'],
  },
  {
    name: 'SDK 3.x, API 1.10, on Node 22',
    packages: ['api@1.10', 'sdk-trace@3', 'exporter-trace-otlp-http@0.301', 'context-async-hooks@3'],
    node: '22',
  },
  {
    name: 'SDK 3.x, API 1.10, on Node 24',
    packages: ['api@1.10', 'sdk-trace@3', 'exporter-trace-otlp-http@0.301', 'context-async-hooks@3'],
    node: '24',
  },
];

const TREE = `
invoke_workflow pipeline [shop]
  invoke_agent Triage [triage]
    handoff billing [triage]
      accept_handoff triage [billing]
    invoke_agent billing [billing] -> handoff billing
      execute_tool issue_refund [billing]
`.trim();

let folder: string;
let tarball: string;
let receiver: Receiver;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'otel-baton-lines-'));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: process.cwd() });
  tarball = join(folder, String(readdirSync(folder).find((name) => name.endsWith('.tgz'))));
  receiver = await startReceiver();
}, 120_000);

afterAll(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The code below a heading of the README. */
function readmeCode(heading: string): string {
  const readme = readFileSync('README.md', 'utf8');
  const code = new RegExp(`## ${heading}\\n[^]*?\`\`\`ts\\n([^]*?)\`\`\``).exec(readme)?.[1];
  if (!code) throw new Error(`README.md has no code below "${heading}"`);
  return code;
}

const HELPERS = "const issueRefund = async (order) => 'refunded ' + order;\n";

/** The same program for both module systems. */
function programs(): Readonly<Record<'app.mjs' | 'app.cjs', string>> {
  const code = readmeCode('Ten lines');
  const [imports, ...rest] = code.split('\n');
  const required = String(imports).replace(/^import (.*) from '(.*)';$/, "const $1 = require('$2');");
  return {
    'app.mjs': `${HELPERS}${code}`,
    'app.cjs': `${HELPERS}${required}\n(async () => {\n${rest.join('\n')}\n})();\n`,
  };
}

function tree(spans: readonly RecordedSpan[]): string {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const lines: string[] = [];
  const print = (span: RecordedSpan, depth: number): void => {
    const links = span.links.map(({ spanId }) => ` -> ${byId.get(spanId)?.name ?? 'nowhere'}`).join('');
    lines.push(`${'  '.repeat(depth)}${span.name} [${span.resource['service.name']}]${links}`);
    for (const child of inOrder(spans.filter(({ parentSpanId }) => parentSpanId === span.spanId)))
      print(child, depth + 1);
  };
  for (const root of inOrder(spans.filter(({ parentSpanId }) => !byId.has(parentSpanId ?? '')))) print(root, 0);
  return lines.join('\n');
}

function inOrder(spans: readonly RecordedSpan[]): RecordedSpan[] {
  return [...spans].sort((a, b) => Number(a.startUnixNano - b.startUnixNano));
}

describe.each(LINES)('the ten lines of the README with $name', ({ packages, node }) => {
  let app: string;

  beforeAll(async () => {
    app = mkdtempSync(join(folder, 'app-'));
    writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }');
    for (const [name, code] of Object.entries(programs())) writeFileSync(join(app, name), code);
    const wanted = [tarball, ...packages.map((name) => `@opentelemetry/${name}`), ...(node ? [`node@${node}`] : [])];
    await run('npm', ['install', '--no-audit', '--no-fund', ...wanted], { cwd: app });
  }, 180_000);

  it.each([
    ['as an ES module', '--import', 'app.mjs'],
    ['as CommonJS', '--require', 'app.cjs'],
  ])(
    '%s arrive whole, with parents, links and a service for each agent',
    async (_, flag, file) => {
      const before = receiver.bodies.length;
      const binary = node ? join(app, 'node_modules/node/bin/node') : process.execPath;
      const { NODE_OPTIONS: _options, ...env } = process.env;
      await run(binary, [flag, 'otel-baton/register', file], {
        cwd: app,
        env: { ...env, OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      });
      expect(tree(readOtlpJson(receiver.bodies.slice(before).join('\n')).spans)).toBe(TREE);
    },
    60_000,
  );

  it('have one copy of the API', () => {
    const lock = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8'));
    const copies = Object.keys(lock.packages).filter((path) => path.endsWith('node_modules/@opentelemetry/api'));
    expect(copies).toEqual(['node_modules/@opentelemetry/api']);
  });
});
