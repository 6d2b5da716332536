import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Recursion } from './results/stack.ts';

/** How many calls of the app stand between its scopes. `FC_RUNS=10000 npm test -- test/properties/result-stack.test.ts` tries all. */
const PADDINGS = process.env.FC_RUNS ? Array.from({ length: 41 }, (_, padding) => padding) : [13];

interface Played {
  readonly caught: string;
  readonly depth: number;
  readonly tried: number;
  readonly started: number;
  readonly ended: number;
}

let folder = '';

// Built once, because each case is a process of its own.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'baton-stack-'));
  const entry = fileURLToPath(new URL('./results/stack.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: join(folder, 'stack.cjs'), bundle: true, platform: 'node' });
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function play(given: Partial<Recursion>): Played {
  const recursion: Recursion = {
    scope: 'tool',
    mode: 'on',
    how: 'functions',
    padding: 0,
    full: false,
    tries: false,
    ...given,
  };
  const { stdout, signal } = spawnSync(process.execPath, [join(folder, 'stack.cjs'), JSON.stringify(recursion)], {
    encoding: 'utf8',
  });
  // Node itself complains about promises that reject on a full stack, with Baton and without.
  expect(signal).toBeNull();
  return JSON.parse(stdout);
}

describe.each(PADDINGS)('a recursion without end, with %i calls between its scopes,', (padding) => {
  const by = new Map<string, number>();

  beforeAll(() => {
    by.set('hand', play({ scope: 'by hand', padding }).depth);
  }, 60_000);

  const comesAsDeep = ({ caught, depth, started, ended }: Played): void => {
    expect(caught).toBe('RangeError');
    expect(depth).toBeGreaterThanOrEqual((by.get('hand') ?? Number.NaN) * 0.9);
    expect(ended).toBe(started);
  };

  it.each(['run', 'tool', 'session', 'step', 'model', 'approval'] as const)(
    'gives the app its RangeError as deep as by hand, and each span ends: %s',
    (scope) => {
      comesAsDeep(play({ scope, padding }));
    },
    60_000,
  );

  it.each(['unsampled', 'off'] as const)(
    'gives the app its RangeError as deep as by hand: %s',
    (mode) => {
      comesAsDeep(play({ mode, padding }));
    },
    60_000,
  );

  it('does so with long arguments, all recorded', () => {
    comesAsDeep(play({ padding, full: true }));
  }, 60_000);

  it.each([false, true])(
    'lets an app go on that catches the error where the stack is nearly full (long arguments: %s)',
    (full) => {
      const { depth, tried, started, ended } = play({ padding, full, tries: true });
      expect(tried).toBeGreaterThan(0);
      expect(depth).toBeGreaterThanOrEqual((by.get('hand') ?? Number.NaN) * 0.9);
      expect(ended).toBe(started);
    },
    60_000,
  );

  it.each([
    ['async functions', 'tool'],
    ['generators', 'tool'],
    ['generators', 'approval'],
  ] as const)(
    'gives the app its RangeError from %s, and each span ends: %s',
    (how, scope) => {
      const { caught, started, ended } = play({ padding, how, scope });
      expect(caught).toBe('RangeError');
      expect(ended).toBe(started);
    },
    60_000,
  );
});
