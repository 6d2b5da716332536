import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as conventions from '@opentelemetry/semantic-conventions';
import { build } from 'esbuild';
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

/** The built files with these endings, relative to the package. */
function builtFiles(...endings: readonly string[]): readonly string[] {
  return readdirSync(join(packageFolder(), 'dist'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('dist', name))
    .filter((name) => endings.some((ending) => name.endsWith(ending)));
}

interface Reach {
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/** The built files that a file leads to, through lazy imports too, and the packages that they name. */
function reach(file: string, found = { files: new Set<string>(), packages: new Set<string>() }): Reach {
  if (found.files.has(file)) return found;
  found.files.add(file);
  const [code, types] = [/\.[jt]s$/, '.d.ts'] as const;
  for (const { from } of readSource(join(packageFolder(), file)).imports) {
    if (!from.startsWith('.')) found.packages.add(from);
    else reach(join(dirname(file), file.endsWith(types) ? from.replace(code, types) : from), found);
  }
  return found;
}

/** What the entries of the exports map lead to in both module systems: `{ './replay': […] }`. */
function reachOfEntries(kind: 'types' | 'default'): readonly { readonly entry: string; readonly reach: Reach }[] {
  return Object.entries(manifest().exports).flatMap(([entry, target]) =>
    typeof target === 'string'
      ? []
      : Object.values(target).map((conditions) => ({ entry, reach: reach(join(conditions[kind])) })),
  );
}

/** The files of the package that a program loads, without the folder of the module system. */
function loadedBy(system: 'esm' | 'cjs', program: string): readonly string[] {
  writeFileSync(
    join(app, 'loads.mjs'),
    `import { writeSync } from 'node:fs';
     export const load = (url, context, next) => (writeSync(1, 'loads ' + url + '\\n'), next(url, context));`,
  );
  const hook = `import { register } from 'node:module'; register('./loads.mjs', '${pathToFileURL(join(app, '/'))}');`;
  const output =
    system === 'esm'
      ? node('--import', `data:text/javascript,${encodeURIComponent(hook)}`, '--input-type=module', '-e', program)
      : node('--input-type=commonjs', '-e', `process.once('exit', () => ${REPORT}); ${program}`);
  const inside = new RegExp(`^loads .*/otel-baton/dist/${system}/(.*)$`, 'gm');
  return [...output.matchAll(inside)].map(([, file]) => String(file));
}

const REPORT = "Object.keys(require.cache).forEach((path) => console.log('loads ' + path))";

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
    // Of those that load without an SDK: here is none.
    for (const entry of codeEntries().filter((name) => name !== 'otel-baton/bundled')) {
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

  it('says with `npx otel-baton doctor` what is not installed, and how to install it', () => {
    const { status, stdout } = spawnSync('npx', ['--no-install', 'otel-baton', 'doctor'], {
      cwd: app,
      encoding: 'utf8',
    });
    expect(stdout).toContain(
      '@opentelemetry/exporter-trace-otlp-http and @opentelemetry/context-async-hooks cannot be found',
    );
    expect(stdout).toMatch(/^ {2}→ npm install @opentelemetry\/api@1\S+( @opentelemetry\/\S+)+$/m);
    expect(status).toBe(1);
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

  it('import the API alone: no SDK, no conventions, and Node only where the SDK of the app is looked for', () => {
    const api = '@opentelemetry/api';
    // The SDK is named at run time only, through `createRequire`; but in the entry for bundlers, which cannot see that.
    const hosts = [api, 'node:fs', 'node:module', 'node:path'];
    const names = ['context-async-hooks', 'core', 'exporter-trace-otlp-http', 'resources', 'sdk-trace'];
    const bundled = [api, ...names.map((name) => `@opentelemetry/${name}`), 'node:fs', 'node:path'];
    const allowed = {
      '.': [api],
      './export': [api],
      './replay': [],
      './sdk': hosts,
      './bundled': bundled,
      './register': hosts,
    };
    // CommonJS needs `url` to know where a file is.
    const packages = reachOfEntries('default').map(({ entry, reach }) => [
      entry,
      [...reach.packages].filter((name) => name !== 'url').sort(),
    ]);
    const expected = Object.entries(allowed).flatMap((each) => [each, each]);
    expect(packages.sort()).toEqual(expected.sort());
    const types = reachOfEntries('types').flatMap(({ reach }) => [...reach.packages]);
    expect([...new Set(types)]).toEqual([api]);
  });

  it('are what the entries and the command line lead to, and no more', () => {
    const code = [...reachOfEntries('default'), { reach: reach(join(String(manifest().bin['otel-baton']))) }];
    const reached = [...code, ...reachOfEntries('types')].flatMap(({ reach }) => [...reach.files]);
    expect(builtFiles('.js', '.d.ts').filter((file) => !reached.includes(file))).toEqual([]);
  });

  it('hold of the conventions the few names that are written, and their sources the same', () => {
    const words = builtFiles('.js', '.d.ts', '.map').flatMap(
      (file) => readFileSync(join(packageFolder(), file), 'utf8').match(/\w+/g) ?? [],
    );
    const held = new Set(words);
    expect(held.has('GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT')).toBe(true);
    expect(Object.keys(conventions).filter((name) => held.has(name)).length).toBeLessThanOrEqual(5);
  });

  it('keep the command line out of the CommonJS twin', () => {
    expect(builtFiles('.js', '.d.ts').filter((file) => file.startsWith(join('dist', 'cjs', 'cli')))).toEqual([]);
  });

  it.each(['esm', 'cjs'])('hold each source once, and map back to it: %s', (system) => {
    const sources = builtFiles('.js.map')
      .filter((file) => file.startsWith(join('dist', system)))
      .flatMap((file) => {
        const map = JSON.parse(readFileSync(join(packageFolder(), file), 'utf8'));
        expect(map.sourcesContent.filter(Boolean)).toHaveLength(map.sources.length);
        return map.sources.map((source: string) => join(dirname(file), source)) as string[];
      });
    expect(sources).toContain(join('src', 'sessions', 'runs.ts'));
    expect(sources.filter((source, index) => sources.indexOf(source) !== index)).toEqual([]);
  });
});

describe.each(['esm', 'cjs'] as const)('an app that takes the package as %s', (system) => {
  const take = (names: string, entry: string): string =>
    system === 'esm' ? `import { ${names} } from '${entry}';` : `const { ${names} } = require('${entry}');`;
  const run = (program: string): string =>
    node(`--input-type=${system === 'esm' ? 'module' : 'commonjs'}`, '-e', program).trim();

  it('loads few files, and the doctor only when it asks', () => {
    const start = `${take('Baton', 'otel-baton')} const baton = new Baton({ agent: 'a' });`;
    const loaded = loadedBy(system, start);
    expect(loaded).toContain('index.js');
    expect(loaded.length).toBeLessThanOrEqual(3);
    const asking = loadedBy(system, `${start} baton.diagnose({ timeoutMs: 100 });`);
    expect(asking.filter((file) => !loaded.includes(file))).toContain(join('chunks', 'diagnose.js'));
  });

  it('catches one BatonError, whichever entry throws it', () => {
    const program = `
      ${take('Baton, BatonError', 'otel-baton')}
      ${take('register', 'otel-baton/sdk')}
      ${take('sessionSampler', 'otel-baton/export')}
      for (const fail of [() => new Baton({}), () => register({ endpoint: 7 }), () => sessionSampler({ ratio: 7 })]) {
        try { fail(); } catch (error) { console.log(error instanceof BatonError, error.constructor.name, error.code); }
      }`;
    const caught = 'true BatonError invalid_option';
    expect(run(program).split('\n')).toEqual([caught, caught, caught]);
  });
});

describe('a bundler', () => {
  /** What a bundler leaves of a program, beside what it takes from others. */
  async function bundled(program: string): Promise<string> {
    const options = { bundle: true, write: false, platform: 'node', format: 'esm', packages: 'bundle' } as const;
    const { outputFiles } = await build({
      ...options,
      stdin: { contents: program, resolveDir: app },
      external: ['@opentelemetry/*'],
      logLevel: 'silent',
    });
    return String(outputFiles[0]?.text);
  }

  it('keeps what the preload does, and drops entries that nobody uses', async () => {
    expect(await bundled("import 'otel-baton/register';")).toContain('joined it, nothing was set up');
    const unused = codeEntries().filter((name) => name !== 'otel-baton/register');
    expect(await bundled(unused.map((entry) => `import '${entry}';`).join('\n'))).toBe('');
  });
});
