import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// The types of the packed package in an app that checks the declarations of others, too (`skipLibCheck: false`), has no
// `@types/node`, and whose `lib` knows no `Symbol.dispose`: real compilers, from the first one that is promised to the newest.
// `dom` is there for the API, which names `console`. Run by `npm run test:package`.

const COMPILERS = ['5.0.4', '5.2.2', '5.9.3', '7.0.2'] as const;
/** What each needs to resolve an import, and in which kind of file. */
const RESOLUTIONS = [
  { moduleResolution: 'node10', module: 'commonjs', file: 'app.ts' },
  { moduleResolution: 'node16', module: 'node16', file: 'app.cts' },
  { moduleResolution: 'nodenext', module: 'nodenext', file: 'app.mts' },
  { moduleResolution: 'bundler', module: 'esnext', file: 'app.ts' },
] as const;

const PROGRAM = `
  import { Baton, type Session } from 'otel-baton';
  import { register as bundled } from 'otel-baton/bundled';
  import { agentServices, pipelineSpans } from 'otel-baton/export';
  import 'otel-baton/register';
  import { readOtlpJson } from 'otel-baton/replay';
  import { type Registration, register } from 'otel-baton/sdk';

  export const baton = new Baton({ agent: 'triage' });
  export const answer: Promise<number> = baton.withSession({}, (session: Session) => {
    const id: string = session.id;
    return baton.withRun({ sessionId: id }, async () => 42);
  });
  export const close = (session: Session): void => session[Symbol.dispose]();
  export const registration: Registration = register({ signals: ['SIGHUP'] });
  export const same: Registration = bundled({ signals: true });
  export const others = [agentServices, pipelineSpans, readOtlpJson];
  // @ts-expect-error: types that are there, and not any
  register({ serviceName: 7 });
  // @ts-expect-error
  new Baton({});
  // @ts-expect-error
  readOtlpJson(7);
`;

const alias = (version: string): string => `typescript-${version}`;

const workshop = shareWorkshop();
let app: UserApp;

beforeAll(async () => {
  app = await workshop.app({
    packages: [
      '@opentelemetry/api@1.9.1',
      ...COMPILERS.map((version) => `${alias(version)}@npm:typescript@${version}`),
    ],
    files: Object.fromEntries(RESOLUTIONS.map(({ file }) => [file, PROGRAM])),
  });
}, 240_000);

/** What the compiler says: nothing, when all is well. */
async function compile(version: string, { file, ...options }: (typeof RESOLUTIONS)[number], more: object = {}) {
  const compilerOptions = {
    ...options,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    ...more,
  };
  writeFileSync(join(app.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  const compiler = join('node_modules', alias(version), 'bin/tsc');
  return promisify(execFile)(process.execPath, [compiler, '-p', '.'], { cwd: app.folder }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
}

describe.each(COMPILERS)('TypeScript %s', (version) => {
  // TypeScript 7 has no node10 any more.
  const resolutions = RESOLUTIONS.filter(
    ({ moduleResolution }) => moduleResolution !== 'node10' || !version.startsWith('7'),
  );

  it.each(resolutions)(
    'reads all entries with moduleResolution $moduleResolution',
    async (resolution) => {
      expect(await compile(version, resolution)).toBe('');
    },
    120_000,
  );
});

it('agrees with a lib and with @types/node that know Symbol.dispose themselves', async () => {
  const bundler = RESOLUTIONS[3];
  expect(await compile('5.9.3', bundler, { lib: ['esnext', 'dom'] })).toBe('');
  expect(await compile('7.0.2', bundler, { lib: ['esnext', 'dom'] })).toBe('');
  const withNode = await workshop.app({
    packages: ['@opentelemetry/api@1.9.1', '@types/node@20', `${alias('5.9.3')}@npm:typescript@5.9.3`],
    files: { 'app.ts': PROGRAM },
  });
  app = withNode;
  expect(await compile('5.9.3', bundler, { types: ['node'] })).toBe('');
}, 240_000);
