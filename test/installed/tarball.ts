import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSource } from '../package/imports.ts';

// The package as users get it: packed, then installed by npm into an empty app. Run by `npm run test:package`, apart from
// `npm test`, because it builds and asks the npm registry.

const host = ['@opentelemetry/api@1.9.1', '@opentelemetry/sdk-trace-base@2.12.1'];

let folder: string;
let app: string;
let before: readonly string[];
let after: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-baton-package-'));
  app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }');
  npm(process.cwd(), 'pack', '--ignore-scripts', '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  npm(app, 'install', '--no-audit', '--no-fund', ...host);
  before = installed();
  npm(app, 'install', '--no-audit', '--no-fund', join(folder, String(tarball)));
  after = installed();
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npm(cwd: string, ...args: readonly string[]): void {
  execFileSync('npm', args, { cwd, stdio: 'pipe' });
}

/** Without tracing, so that an entry which sets it up when it is loaded sets nothing up. */
function node(...args: readonly string[]): string {
  const env = { ...process.env, OTEL_SDK_DISABLED: 'true' };
  return execFileSync(process.execPath, args, { cwd: app, encoding: 'utf8', env });
}

/** The folders of all installed packages, nested ones too: `node_modules/@opentelemetry/api`. */
function installed(): readonly string[] {
  const lock = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8'));
  return Object.keys(lock.packages);
}

function packageFolder(): string {
  return join(app, 'node_modules/otel-baton');
}

function manifest(): {
  readonly exports: Record<string, string | Record<'import' | 'require', Record<'types' | 'default', string>>>;
  readonly bin: Record<string, string>;
  readonly main: string;
  readonly types: string;
} {
  return JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'));
}

function codeEntries(): readonly string[] {
  return Object.entries(manifest().exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([subpath]) => join('otel-baton', subpath));
}

/** The built `.js` and `.d.ts` files, relative to the package. */
function builtFiles(): readonly string[] {
  return readdirSync(join(packageFolder(), 'dist'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('dist', name))
    .filter((name) => name.endsWith('.js') || name.endsWith('.d.ts'));
}

describe('the installed package', () => {
  it('adds itself and no other package to an app that has an OpenTelemetry SDK', () => {
    expect(after.filter((path) => !before.includes(path))).toEqual(['node_modules/otel-baton']);
  });

  it('leaves exactly one copy of @opentelemetry/api', () => {
    expect(after.filter((path) => path.endsWith('node_modules/@opentelemetry/api'))).toEqual([
      'node_modules/@opentelemetry/api',
    ]);
  });

  it('exports the same names as an ES module and as CommonJS', () => {
    for (const entry of codeEntries()) {
      const esm = node('--input-type=module', '-e', `console.log(Object.keys(await import('${entry}')).sort().join())`);
      const cjs = node('--input-type=commonjs', '-e', `console.log(Object.keys(require('${entry}')).sort().join())`);
      expect({ entry, empty: esm.trim() === '' }).toEqual({ entry, empty: entry === 'otel-baton/register' });
      expect({ entry, names: cjs }).toEqual({ entry, names: esm });
    }
  });

  it('loads its CommonJS twin from dist/cjs and its ES modules from dist/esm', () => {
    for (const entry of codeEntries()) {
      const esm = node('--input-type=module', '-e', `console.log(import.meta.resolve('${entry}'))`);
      const cjs = node('--input-type=commonjs', '-e', `console.log(require.resolve('${entry}'))`);
      expect(esm).toContain('/otel-baton/dist/esm/');
      expect(cjs).toContain('/otel-baton/dist/cjs/');
    }
  });

  it('answers `npx otel-baton --help`', () => {
    const help = execFileSync('npx', ['--no-install', 'otel-baton', '--help'], { cwd: app, encoding: 'utf8' });
    expect(help).toContain('otel-baton');
  });
});

describe('the files in the package', () => {
  it('are all that the exports map, main, types and bin name', () => {
    const { exports, bin, main, types } = manifest();
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target).flatMap((conditions) => Object.values(conditions)),
    );
    const missing = [...targets, ...Object.values(bin), main, types].filter(
      (path) => !existsSync(join(packageFolder(), path)),
    );
    expect(missing).toEqual([]);
  });

  it('are nothing but the build, the licence, the readme, the changelog and the manifest', () => {
    const allowed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'];
    expect(readdirSync(packageFolder()).filter((name) => !allowed.includes(name))).toEqual([]);
    expect(existsSync(join(packageFolder(), 'LICENSE'))).toBe(true);
  });

  it('import neither Node nor an SDK outside the command line', () => {
    const allowed = ['@opentelemetry/api', '@opentelemetry/semantic-conventions'];
    // The one file that looks for the SDK that the app has: it needs Node, and names the SDK at run time only.
    const sdkFinder = join('export', 'otlp.js');
    const strays = builtFiles()
      .filter((file) => !file.startsWith(join('dist', 'esm', 'cli')))
      .flatMap((file) =>
        readSource(join(packageFolder(), file))
          .imports.filter(({ from }) => !from.startsWith('.') && !allowed.includes(from))
          .filter(({ from }) => !(file.endsWith(sdkFinder) && from === 'node:module'))
          .map(({ from }) => `${file} imports ${from}`),
      );
    expect(builtFiles().length).toBeGreaterThan(0);
    expect(strays).toEqual([]);
  });

  it('keep the command line out of the CommonJS twin', () => {
    expect(builtFiles().filter((file) => file.startsWith(join('dist', 'cjs', 'cli')))).toEqual([]);
  });
});
