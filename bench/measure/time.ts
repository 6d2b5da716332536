import { setImmediate } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { Effort, Round, Side, Sides } from './question.ts';

/** Pipelines per sample: the clock is read so seldom that reading it does not count. */
const USUAL_BATCH = 100;

/**
 * Microseconds of processor time per pipeline: how long it waits for a processor says nothing about Baton. The sides take
 * turns, and in each round the other one begins, so that what disturbs a shared machine disturbs both. A round's value
 * is its mean, not its median, because collecting garbage is part of the cost.
 */
export async function measureTime(
  sides: Sides,
  { timeRounds, roundMillis, warmUpRounds }: Effort,
  batch: number = USUAL_BATCH,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (let round = -warmUpRounds; round < timeRounds; round++) {
    const bench = new Bench({ warmup: false, iterations: 1, time: roundMillis, now: processorMillis, throws: true });
    const names = round % 2 === 0 ? (['baton', 'other'] as const) : (['other', 'baton'] as const);
    for (const name of names) bench.add(name, () => runBatch(sides[name], batch), { async: true });
    await bench.run();
    if (round >= 0) measured.push({ baton: micros(bench, 'baton') / batch, other: micros(bench, 'other') / batch });
    await setImmediate();
  }
  return measured;
}

/** Of all threads: what the garbage collector and the compiler do beside the main one is part of the cost. */
function processorMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function runBatch(side: Side, batch: number): Promise<void> {
  for (let pipeline = 0; pipeline < batch; pipeline++) await side();
}

function micros(bench: Bench, name: keyof Sides): number {
  const result = bench.getTask(name)?.result;
  if (result?.state !== 'completed') throw new Error(`${name}: ${result?.state ?? 'not measured'}`);
  return result.latency.mean * 1_000;
}
