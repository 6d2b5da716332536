import { beforeAll, describe, expect, it } from '@jest/globals';
import { KINDS } from '../bench/soak/kinds.ts';
import type { Soaked, Tenth } from '../bench/soak/process.ts';
import { soak } from '../bench/soak/soak.ts';

// The small form of `npm run bench -- soak`: the same things that an app may forget, in a process with a small bound. What is
// bounded by a number of its own, and above what is done here, is left to the bench.

const OPERATIONS = 10_000;
const LIMIT = 100;
/** Bytes for each that came after the first tenth. A string or a closure that is kept is more; what a heap wavers by is less. */
const MOST_KEPT = 60;

const ONLY_IN_THE_BENCH = [
  'parents that never come through onlyPipelines',
  'agents of a framework through pipelineSpans',
  'unanswered handoffs of one run',
  'unanswered handoffs of per-run sessions',
];
const kinds = Object.keys(KINDS).filter((kind) => !ONLY_IN_THE_BENCH.includes(kind));

describe('what an app forgets ten thousand times', () => {
  let all: ReadonlyMap<string, Soaked>;

  beforeAll(async () => {
    const soaked = await soak(kinds, { operations: OPERATIONS, limit: LIMIT });
    all = new Map(soaked.map((each) => [each.kind, each]));
  }, 300_000);

  it.each(kinds)('%s: keeps no more memory', (kind) => {
    const [, second, last] = [0, 1, 9].map((index) => all.get(kind)?.tenths[index]) as [Tenth, Tenth, Tenth];
    expect((last.heap - second.heap) / (OPERATIONS * 0.8)).toBeLessThan(MOST_KEPT);
  });

  it('what gives way is counted, and nothing else is warned of', () => {
    const told = new Set([...all.values()].flatMap(({ warnings }) => Object.keys(warnings)));
    expect([...told].sort()).toEqual(['no_run', 'too_many_agents', 'too_many_open']);
    expect(all.get('runs')?.warnings.too_many_open).toBe(OPERATIONS - LIMIT);
    expect(all.get('sessions that the sampler drops')?.warnings.too_many_open).toBe(OPERATIONS - LIMIT);
    expect(all.get('agents of one session')?.warnings.too_many_agents).toBe(OPERATIONS - 256);
  });
});
