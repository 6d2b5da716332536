import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';

/** Scopes for each object. `FC_RUNS=10000 npm test -- test/properties/result-memory.test.ts` gives it through 100,000. */
const SCOPES = process.env.FC_RUNS ? 100_000 : 6_000;

/** What a scope may leave behind: the noise of a heap that is measured twice, and less than an entry of a list. */
const FLAT = 50;

describe(`one object that ${SCOPES} scopes give`, () => {
  const measured = new Map<string, { readonly bytes: number; readonly read: unknown; readonly lost: number }>();

  beforeAll(() => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--expose-gc',
        '--import',
        'tsx',
        fileURLToPath(new URL('./results/memory.ts', import.meta.url)),
        String(SCOPES),
      ],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    for (const line of stdout.trim().split('\n')) {
      const { name, ...found } = JSON.parse(line);
      measured.set(name, found);
    }
  }, 600_000);

  const OBJECTS: [string, unknown][] = [
    ['a promise-like that nobody awaits', 'rows'],
    ['a promise-like that is awaited each time', 'rows'],
    ['a promise of a class of its own', 1],
    ['a plain promise that never settles', 'nothing came'],
    ['a plain promise', 1],
    ['a generator', 'ab'],
    ['an iterable that nobody reads', 'ab'],
    ['an iterable that is read each time', 'ab'],
    ['an iterable of which an iterator is left each time', 'ab'],
    ['a web stream', 'a'],
    ['a Response', 'text'],
    ['a Node stream', 'ab'],
  ];

  describe.each(['each in a run', 'all in one session'])('%s', (where) => {
    it.each(OBJECTS)('leaves no memory behind, and can be read at last: %s', (kind, read) => {
      const found = measured.get(`${kind}, ${where}`);
      expect(found).toMatchObject({ read, lost: 0 });
      expect(found?.bytes).toBeLessThan(FLAT);
    });
  });
});
