import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readSource } from './imports.ts';

// The rooms of src/ and the rooms that each may use: arrows point inward and never back. A room is a folder of src/ or a
// file beside them. A new room needs a line here.

const words = ['attributes', 'errors', 'handles', 'model', 'version'];
const library = [
  'by-id',
  'content',
  'context',
  'diagnostics',
  'env',
  'options',
  'shared',
  'span-model',
  'spans',
  'time-limit',
  ...words,
];

const mayUse: Readonly<Record<string, readonly string[]>> = {
  attributes: [],
  'by-id': [],
  env: [],
  errors: [],
  handles: ['model'],
  model: [],
  secrets: [],
  shared: ['version'],
  'time-limit': [],
  version: [],
  diagnostics: ['errors', 'secrets'],
  content: ['diagnostics', 'secrets', ...words],
  context: ['diagnostics', ...words],
  options: ['content', 'diagnostics', 'env', ...words],
  'span-model': ['content', ...words],
  spans: library,
  doctor: ['context', 'diagnostics', 'env', 'secrets', 'time-limit', ...words],
  baton: ['doctor', ...library],
  export: ['by-id', 'context', 'diagnostics', 'env', ...words],
  index: ['baton', 'doctor', 'export', ...library],
  sdk: ['context', 'env', 'export', 'diagnostics', ...words],
  register: ['env', 'sdk'],
  replay: ['attributes', 'version'],
  cli: ['baton', 'doctor', 'export', 'index', 'replay', 'sdk', 'secrets', ...library],
};

/** What src may import of others' packages; `cli` is an app and may use all that is installed. */
const guest = ['@opentelemetry/api', '@opentelemetry/semantic-conventions'];
/** The one file that looks for the SDK that the app has. */
const sdkFinder = join('export', 'otlp.ts');

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, room: roomOf(name), ...readSource(join('src', name)) }));

/** `spans/run.ts` -> `spans`, `baton.ts` -> `baton`; `replay.ts` is the door of `replay/`. */
function roomOf(name: string): string {
  const [first = ''] = name.split(sep);
  return first.replace(/\.ts$/, '');
}

function strays(isStray: (room: string, from: string, name: string) => boolean): readonly string[] {
  return files.flatMap(({ name, room, imports }) =>
    imports.filter(({ from }) => isStray(room, from, name)).map(({ from }) => `${name} imports ${from}`),
  );
}

function reachableFrom(name: string, reached: Set<string> = new Set()): ReadonlySet<string> {
  if (reached.has(name)) return reached;
  reached.add(name);
  const source = files.find((file) => file.name === name);
  for (const { from } of source?.imports ?? []) {
    if (from.startsWith('.')) reachableFrom(normalize(join(dirname(name), from)), reached);
  }
  return reached;
}

describe('the rooms of src', () => {
  it('are all known', () => {
    expect(files.filter(({ room }) => !mayUse[room]).map(({ name }) => name)).toEqual([]);
  });

  it('use only rooms further in', () => {
    const back = strays((room, from, name) => {
      if (!from.startsWith('.')) return false;
      const target = roomOf(normalize(join(dirname(name), from)));
      return target !== room && !mayUse[room]?.includes(target);
    });
    expect(back).toEqual([]);
  });

  it('use no package but the OpenTelemetry API and its stable names, outside the command line', () => {
    const foreign = strays((room, from, name) => {
      if (room === 'cli' || from.startsWith('.') || (name === sdkFinder && from === 'node:module')) return false;
      return room === 'replay' || !guest.includes(from);
    });
    expect(foreign).toEqual([]);
  });

  it('reach no SDK and no command line from the library and the replay', () => {
    expect([...reachableFrom('index.ts')].filter((name) => roomOf(name) === 'cli' || name === sdkFinder)).toEqual([]);
    expect([...reachableFrom('replay.ts')].filter((name) => roomOf(name) === 'cli' || name === sdkFinder)).toEqual([]);
  });

  it('start spans in spans/recorder.ts alone', () => {
    const starting = files.filter(({ members }) => members.has('startSpan') || members.has('startActiveSpan'));
    expect(starting.map(({ name }) => name)).toEqual([join('spans', 'recorder.ts')]);
  });
});

describe('readSource', () => {
  it('sees every form of import, and none in comments and strings', () => {
    const folder = mkdtempSync(join(tmpdir(), 'otel-baton-imports-'));
    const path = join(folder, 'all.ts');
    writeFileSync(
      path,
      `import a from 'a';
       import type { B } from 'b';
       import 'c';
       export { d } from 'd';
       export * from 'e';
       const f = () => import('f');
       const g = require('g');
       type H = import('h').H;
       // import x from 'comment';
       const text = "import x from 'string'";
       f()?.startSpan?.();`,
    );
    const { imports, members } = readSource(path);
    rmSync(folder, { recursive: true });
    expect(imports.map(({ from }) => from)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    expect(imports.filter(({ typeOnly }) => typeOnly).map(({ from }) => from)).toEqual(['b', 'h']);
    expect(members.has('startSpan')).toBe(true);
  });
});
