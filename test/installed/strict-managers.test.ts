import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { serviceTree, TEN_LINES_TREE, watch } from './support/arrived.ts';
import { docsCode } from './support/docs-code.ts';
import { shareReceiver, shareWorkshop } from './support/shared.ts';

// The install of the README by package managers that show a package nothing but what it declares. Run by `npm run test:package`.

const README = readFileSync('README.md', 'utf8');
const PACKAGES = [...README.matchAll(/@opentelemetry\/[\w-]+@[\d.]+/g)].map(([name]) => name).slice(0, 4);

const MANAGERS = [
  {
    name: 'pnpm without hoisting',
    files: { '.npmrc': 'hoist=false\n' },
    add: (tarball: string) => ['pnpm@10.34.9', 'add', tarball, ...PACKAGES],
    node: ['pnpm@10.34.9', 'exec', 'node'],
  },
  {
    name: "Yarn 4 Plug'n'Play",
    files: {
      '.yarnrc.yml':
        'nodeLinker: pnp\nenableTelemetry: false\nenableGlobalCache: false\nenableImmutableInstalls: false\n',
      'yarn.lock': '',
    },
    add: (tarball: string) => ['@yarnpkg/cli-dist@4.18.1', 'add', `otel-baton@file:${tarball}`, ...PACKAGES],
    node: ['@yarnpkg/cli-dist@4.18.1', 'node'],
  },
];

const workshop = shareWorkshop();
const receiver = shareReceiver();

it.each(MANAGERS)(
  '$name: the ten lines arrive whole with the preload, and with the entry for bundlers',
  async ({ files, add, node }) => {
    const folder = mkdtempSync(join(workshop.folder, 'strict-'));
    const issueRefund = "const issueRefund = async (order) => 'refunded ' + order;\n";
    const app = `${issueRefund}${docsCode('README.md', 'Ten lines')}`;
    const own = "import { register } from 'otel-baton/bundled';\nregister();\n";
    const all = { ...files, 'package.json': '{ "name": "app", "private": true }', 'app.mjs': app, 'own.mjs': own };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
    const clean = Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|OTEL_|BATON_|npm_)/.test(name));
    const env = { ...Object.fromEntries(clean), OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const npx = (args: readonly string[]) => promisify(execFile)('npx', ['-y', ...args], { cwd: folder, env });

    await npx(add(workshop.tarball));
    const arrived = watch(receiver);
    const { stderr } = await npx([...node, '--import', 'otel-baton/register', 'app.mjs']);
    expect(stderr).not.toContain('otel-baton:');
    expect(serviceTree(arrived())).toBe(TEN_LINES_TREE);

    // What the static entry imports itself must be declared, too, says docs/runtimes.md.
    const more = ['@opentelemetry/core@2', '@opentelemetry/resources@2', '@opentelemetry/sdk-trace@2'];
    await npx([String(add('')[0]), 'add', ...more]);
    const again = watch(receiver);
    await npx([...node, '--import', './own.mjs', 'app.mjs']);
    expect(serviceTree(again())).toBe(TEN_LINES_TREE);
  },
  240_000,
);
