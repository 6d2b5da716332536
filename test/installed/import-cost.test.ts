import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// What `import 'otel-baton'` costs an app that has the API and nothing else: packages, time, memory. Time is CPU time around the
// import, in a process of its own, and each round runs all that is compared: the machine's noise then meets all of it alike.

const ROUNDS = 15;

/** At most this many times the API plus our own code in one file. */
const GOAL = 1.3;

/** The code of the package in one file; the API stays outside. */
const ONE_FILE = 'one-file';
const KINDS = ['@opentelemetry/api', `./${ONE_FILE}`, 'otel-baton'] as const;

const MEASURE = `
  const cpu = process.cpuUsage(used);
  globalThis.gc();
  const { heapUsed, rss } = process.memoryUsage();
  console.log(JSON.stringify({ ms: (cpu.user + cpu.system) / 1000, heap: heapUsed / 1e6, rss: rss / 1e6 }));
`;
const FILES = {
  'esm.mjs': `const used = process.cpuUsage();\nawait import(process.argv[2]);\n${MEASURE}`,
  'cjs.cjs': `const used = process.cpuUsage();\nrequire(process.argv[2]);\n${MEASURE}`,
};

interface Cost {
  readonly ms: number;
  readonly heap: number;
  readonly rss: number;
}

const workshop = shareWorkshop();
let app: UserApp;

beforeAll(async () => {
  app = await workshop.app({ packages: ['@opentelemetry/api@1.9.1'], files: FILES });
  await Promise.all([bundle('esm', 'mjs'), bundle('cjs', 'cjs')]);
}, 120_000);

function bundle(format: 'esm' | 'cjs', extension: string): Promise<unknown> {
  return build({
    entryPoints: [join(app.folder, 'node_modules/otel-baton/dist/esm/index.js')],
    outfile: join(app.folder, `${ONE_FILE}.${extension}`),
    external: ['@opentelemetry/api'],
    bundle: true,
    format,
    platform: 'node',
    target: 'es2022',
  });
}

/** Medians of what each kind costs in this module system. */
async function costs(program: keyof typeof FILES): Promise<readonly Cost[]> {
  const rounds: Cost[][] = KINDS.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [kind, name] of KINDS.entries()) {
      const wanted = name.endsWith(ONE_FILE) ? `${name}.${program.slice(-3)}` : name;
      const { stdout } = await app.run(['--expose-gc', program, wanted]);
      rounds[kind]?.push(JSON.parse(stdout));
    }
  }
  return rounds.map((all) => ({
    ms: median(all.map(({ ms }) => ms)),
    heap: median(all.map(({ heap }) => heap)),
    rss: median(all.map(({ rss }) => rss)),
  }));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

describe('an app that has only the API', () => {
  it('gets one package more', () => {
    expect(app.packages()).toEqual(['node_modules/@opentelemetry/api', 'node_modules/otel-baton']);
  });

  it.each([
    ['ES modules', 'esm.mjs'],
    ['CommonJS', 'cjs.cjs'],
  ] as const)(
    'loads it in a small multiple of the API and our own code, as %s',
    async (system, program) => {
      const [api, own, baton] = (await costs(program)) as [Cost, Cost, Cost];
      const ratio = baton.ms / own.ms;
      const figures = [
        `import otel-baton, ${system}, Node ${process.versions.node}: ${ratio.toFixed(2)} × (goal ${GOAL})`,
        `CPU ${baton.ms.toFixed(1)} ms`,
        `API and own code in one file ${own.ms.toFixed(1)} ms`,
        `API ${api.ms.toFixed(1)} ms`,
        `heap +${(baton.heap - api.heap).toFixed(1)} MB and RSS +${(baton.rss - api.rss).toFixed(1)} MB over the API`,
      ];
      process.stdout.write(`${figures.join(' · ')}\n`);
      expect(ratio).toBeLessThan(GOAL);
      expect(baton.heap - api.heap).toBeLessThan(4);
    },
    60_000,
  );
});
