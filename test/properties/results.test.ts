import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { KINDS } from './results/kinds.ts';

/** Programs in all. `FC_RUNS=10000 npm test -- test/properties/results.test.ts` looks harder. */
const RUNS = Number(process.env.FC_RUNS ?? 400);

/**
 * In a process of its own, because Jest hears itself of what nobody handles, and gives its tests another realm than that of
 * Node. One process for all, because it takes a second to start.
 */
describe('with Baton an app sees what it sees without, and its spans say what became of it, when a callback gives', () => {
  const faults = new Map<string, string>();

  beforeAll(() => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('./results/process.ts', import.meta.url)), String(RUNS)],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    for (const line of stdout.trim().split('\n')) {
      const { kind, fault } = JSON.parse(line);
      faults.set(kind, fault);
    }
  }, 3_600_000);

  it.each(Object.keys(KINDS))('%s', (kind) => {
    expect(faults.get(kind)).toBe('');
  });
});
