import { expect } from '@jest/globals';

/** How often each size is tried; the quickest counts, because a busy machine only ever makes things slower. */
const TRIES = 2;
const MOST_TRIES = 9;

/**
 * Four times the input takes about four times as long. Both sizes are tried in turns in one run: what counts is their ratio,
 * which is 16 where the time grows with the square.
 */
export function expectLinear<Input>(n: number, make: (n: number) => Input, work: (input: Input) => unknown): void {
  const [small, large] = [make(n), make(4 * n)];
  let [smallMs, largeMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let attempt = 0; attempt < TRIES || (attempt < MOST_TRIES && !isLinear(smallMs, largeMs)); attempt++) {
    smallMs = Math.min(
      smallMs,
      timed(() => work(small)),
    );
    largeMs = Math.min(
      largeMs,
      timed(() => work(large)),
    );
  }
  expect({ smallMs, largeMs, isLinear: isLinear(smallMs, largeMs) }).toMatchObject({ isLinear: true });
}

/** Below a few milliseconds there is nothing to compare, and nothing to worry about. */
function isLinear(smallMs: number, largeMs: number): boolean {
  return largeMs / Math.max(smallMs, 2) < 11;
}

/** Of this process alone, whatever else the machine does. */
function timed(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  return process.cpuUsage(start).user / 1000;
}
