import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readSource } from './imports.ts';

// The rooms of src/ and the rooms that each may use: arrows point inward and never back. A room is a folder of src/ or a
// file beside them. A new room needs a line here.

const words = ['attributes', 'errors', 'handles', 'model', 'version'];
/** Each of these rooms may use those that stand before it. */
const below = ['by-id', 'content', 'context', 'diagnostics', 'room-left', 'shared', 'span-model', ...words];
const tracing = [...below];
const results = ['tracing', ...below];
const sessions = ['tracing', ...below];
const handoffs = ['handoff-path', 'sessions', 'time-limit', 'tracing', ...below];
const scopes = ['handoffs', 'results', ...handoffs];

const mayUse: Readonly<Record<string, readonly string[]>> = {
  attributes: [],
  'by-id': [],
  env: [],
  input: ['model'],
  'room-left': [],
  errors: ['secrets'],
  handles: ['model'],
  // What the handoffs of a session come to: the live session and the replay share it.
  'handoff-path': [],
  model: [],
  address: ['secrets'],
  printable: [],
  secrets: [],
  shared: ['version'],
  'time-limit': [],
  version: [],
  diagnostics: ['errors', 'room-left', 'secrets'],
  content: ['diagnostics', 'secrets', ...words],
  context: ['diagnostics', ...words],
  options: ['content', 'diagnostics', 'env', ...words],
  'span-model': ['content', ...words],
  tracing,
  results,
  sessions,
  handoffs,
  scopes,
  doctor: ['address', 'context', 'diagnostics', 'env', 'printable', 'secrets', 'shared', 'time-limit', ...words],
  calls: ['input', 'scopes', ...scopes],
  guard: ['calls', 'input', 'scopes', ...scopes],
  baton: ['calls', 'doctor', 'env', 'guard', 'input', 'options', 'scopes', ...scopes],
  export: ['by-id', 'content', 'context', 'diagnostics', 'env', 'secrets', ...words],
  index: ['baton', 'content', 'diagnostics', 'doctor', 'export', 'options', ...words],
  'set-up': ['context', 'diagnostics', 'env', 'export', 'secrets', 'time-limit', ...words],
  sdk: ['env', 'set-up'],
  bundled: ['env', 'set-up'],
  register: ['sdk'],
  replay: ['address', 'attributes', 'handoff-path', 'printable', 'secrets', 'time-limit', 'version'],
  cli: [
    'address',
    'baton',
    'diagnostics',
    'doctor',
    'env',
    'export',
    'index',
    'printable',
    'replay',
    'sdk',
    'secrets',
    'set-up',
    'time-limit',
    ...words,
  ],
};

/** What src may import of others' packages; `cli` is an app and may use all that is installed. */
const guest = ['@opentelemetry/api', '@opentelemetry/semantic-conventions'];
/** What is built into a chunk, so that no app installs it. */
const builtIn: Readonly<Record<string, readonly string[]>> = { replay: ['get-east-asian-width'] };
/** The one file that looks for the SDK that the app has. */
const sdkFinder = join('set-up', 'installed.ts');
/** The one file that imports it, for bundlers. */
const sdkImporter = 'bundled.ts';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, room: roomOf(name), ...readSource(join('src', name)) }));

/** What each file of src imports of the others, types too. */
const graph: Graph = new Map(
  files.map(({ name, imports }) => [
    name,
    imports.filter(({ from }) => from.startsWith('.')).map(({ from }) => normalize(join(dirname(name), from))),
  ]),
);

/** `scopes/run.ts` -> `scopes`, `baton.ts` -> `baton`; `replay.ts` is the door of `replay/`. */
function roomOf(name: string): string {
  const [first = ''] = name.split(sep);
  return first.replace(/\.ts$/, '');
}

function strays(isStray: (room: string, from: string, name: string) => boolean): readonly string[] {
  return files.flatMap(({ name, room, imports }) =>
    imports.filter(({ from }) => isStray(room, from, name)).map(({ from }) => `${name} imports ${from}`),
  );
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** What a name leads to, itself only where a circle leads back. */
function reachableFrom(name: string, graph: Graph, reached: Set<string> = new Set()): ReadonlySet<string> {
  for (const next of graph.get(name) ?? []) {
    if (reached.has(next)) continue;
    reached.add(next);
    reachableFrom(next, graph, reached);
  }
  return reached;
}

/** The groups of names that all lead to each other. */
function circlesIn(graph: Graph): readonly (readonly string[])[] {
  const reach = new Map([...graph.keys()].map((name) => [name, reachableFrom(name, graph)]));
  const circles: string[][] = [];
  for (const [name, reached] of reach) {
    const circle = [...reached].filter((other) => reach.get(other)?.has(name)).sort();
    // Each of a circle finds the same names: the first one tells it.
    if (circle[0] === name) circles.push(circle);
  }
  return circles;
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

  it('have no circles of imports, inside rooms too, nor of types', () => {
    expect(circlesIn(graph)).toEqual([]);
  });

  it('use no package but the OpenTelemetry API and its stable names, outside the command line', () => {
    const foreign = strays((room, from, name) => {
      if (room === 'cli' || from.startsWith('.') || (room === 'set-up' && from.startsWith('node:'))) return false;
      if (name === sdkImporter && from.startsWith('@opentelemetry/')) return false;
      return !(builtIn[room] ?? guest).includes(from);
    });
    expect(foreign).toEqual([]);
  });

  it('reach no SDK and no command line from the library and the replay', () => {
    const outside = ['cli', 'set-up', 'bundled'];
    for (const entry of ['index.ts', 'replay.ts', 'export.ts']) {
      expect([...reachableFrom(entry, graph)].filter((name) => outside.includes(roomOf(name)))).toEqual([]);
    }
  });

  it('look for the SDK at run time in one file, which no bundle of the static entry has', () => {
    const finding = files.filter(({ imports }) => imports.some(({ from }) => from === 'node:module'));
    expect(finding.filter(({ room }) => room !== 'cli').map(({ name }) => name)).toEqual([sdkFinder]);
    const atRunTime = [...reachableFrom(sdkImporter, graph)];
    expect(atRunTime).not.toContain(sdkFinder);
  });

  it('start spans in tracing/recorder.ts alone', () => {
    const starting = files.filter(({ members }) => members.has('startSpan') || members.has('startActiveSpan'));
    expect(starting.map(({ name }) => name)).toEqual([join('tracing', 'recorder.ts')]);
  });
});

describe('a circle', () => {
  it('is told once with all who are in it, and who only leads to it is not', () => {
    const all = { a: ['b'], b: ['c', 'd'], c: ['b'], d: [], e: ['e', 'a'], f: ['g'], g: ['h'], h: ['f', 'b'] };
    expect(circlesIn(new Map(Object.entries(all)))).toEqual([['b', 'c'], ['e'], ['f', 'g', 'h']]);
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
