import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Effort, Round, Side, Sides } from './question.ts';

/**
 * Flags for the process: the garbage of a whole round fits into the young generation, so that nothing is collected
 * while it is counted.
 */
export const HEAP_FLAGS: readonly string[] = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Bytes of heap that a pipeline allocates, kept or not. The sides take turns. */
export async function measureHeap(
  sides: Sides,
  { heapRounds, roundPipelines, warmUpRounds }: Effort,
): Promise<Round[]> {
  const collections = new PerformanceObserver(() => {});
  collections.observe({ entryTypes: ['gc'] });
  const measured: Round[] = [];
  for (let round = -warmUpRounds; round < heapRounds; round++) {
    const baton = await allocated(sides.baton, roundPipelines, collections);
    const other = await allocated(sides.other, roundPipelines, collections);
    if (round >= 0 && baton !== undefined && other !== undefined) measured.push({ baton, other });
  }
  collections.disconnect();
  if (measured.length === 0) throw new Error('garbage was collected in each round: the young generation is too small');
  return measured;
}

/** `undefined` when garbage was collected meanwhile. */
async function allocated(side: Side, pipelines: number, collections: PerformanceObserver): Promise<number | undefined> {
  collectGarbage();
  await setImmediate();
  collections.takeRecords();
  const before = process.memoryUsage().heapUsed;
  for (let pipeline = 0; pipeline < pipelines; pipeline++) await side();
  const after = process.memoryUsage().heapUsed;
  // A collection is reported in the turn after it.
  await setImmediate();
  return collections.takeRecords().length > 0 ? undefined : (after - before) / pipelines;
}

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error(`run node with ${HEAP_FLAGS.join(' ')}`);
  gc();
}
