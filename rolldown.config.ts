import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, RolldownOptions } from 'rolldown';

// The code of the package, once per module system: a file per entry, and chunks for what several entries need. Few files, because
// each one costs the app that imports it time; every piece of code once, so that a class is the same one wherever it comes from.

const LIBRARY = ['index', 'replay', 'export', 'sdk', 'bundled', 'register'];

/** What an app brings: the API, and for `bundled` an SDK. The names of the conventions are built in. */
const HOST = /^@opentelemetry\/(?!semantic-conventions)/;

function code(format: 'esm' | 'cjs', entries: readonly string[]): RolldownOptions {
  return {
    input: Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`])),
    external: [HOST, /^node:/],
    platform: 'node',
    plugins: [givesLicences],
    transform: { target: 'es2022' },
    // Names of attributes become literals where they are used: ours, and the few that come from the conventions.
    optimization: { inlineConst: { mode: 'all' } },
    output: {
      dir: `dist/${format}`,
      format,
      strict: true,
      esModule: true,
      sourcemap: true,
      chunkFileNames: 'chunks/[name].js',
      codeSplitting: {
        groups: [
          // What needs no API, so that whoever reads traces needs none.
          {
            name: 'plain',
            test: /[\\/]src[\\/](address|errors|handoff-path|printable|secrets|shared|time-limit|version)\b/,
          },
          {
            name: 'common',
            test: /[\\/]src[\\/](baton|by-id|content|context|diagnostics|env|handoffs|input|results|room-left|scopes|sessions|tracing)\b/,
          },
        ],
      },
    },
  };
}

/** Packages that are built in are given on with their licences. */
const givesLicences: Plugin = {
  name: 'gives-licences',
  generateBundle(_, bundle): void {
    const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
    const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []);
    const texts = [...new Set(folders)].sort().map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
      if (licence === undefined) throw new Error(`${name} has no file with its licence`);
      return `${name} ${version}\n\n${readFileSync(join(folder, licence), 'utf8').trim()}\n`;
    });
    this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) });
  },
};

/** Node reads the twin as CommonJS only with a package.json of its own. */
const marksCommonJs: Plugin = {
  name: 'marks-commonjs',
  generateBundle(): void {
    this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
  },
};

const config: RolldownOptions[] = [
  code('esm', [...LIBRARY, 'cli/main']),
  { ...code('cjs', LIBRARY), plugins: [givesLicences, marksCommonJs] },
];

export default config;
