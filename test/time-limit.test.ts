import { describe, expect, it } from '@jest/globals';
import { LONGEST_TIMER_MS, timeoutSignal, timerMs, withTimeLimit } from '../src/time-limit.ts';

const TIMES = [
  0,
  1,
  0.5,
  -1,
  1e3,
  2 ** 31,
  2 ** 32,
  1e300,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];
const NO_TIMES: readonly unknown[] = [undefined, null, 'soon', '5', 7n, {}, [], Symbol('x'), () => 1];

describe('a time limit', () => {
  it('is a whole number that a timer takes, whatever was given', () => {
    for (const given of [...TIMES, ...NO_TIMES]) {
      const ms = timerMs(given);
      expect(Number.isInteger(ms) && ms >= 0 && ms <= LONGEST_TIMER_MS).toBe(true);
    }
    expect([timerMs(0.5), timerMs(Number.POSITIVE_INFINITY), timerMs('soon')]).toEqual([1, LONGEST_TIMER_MS, 10_000]);
  });

  it('lets work end that is done in time, of whatever length it is', async () => {
    for (const ms of [1e3, 2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY, Number.NaN, ...NO_TIMES]) {
      const work = new Promise((resolve) => setTimeout(resolve, 5, 'done'));
      expect(await withTimeLimit(work, ms as number, 'late')).toBe('done');
    }
  });

  it('ends the wait for work that is late, and rejects as the work does', async () => {
    expect(await withTimeLimit(new Promise(() => {}), 1, 'late')).toBe('late');
    await expect(withTimeLimit(Promise.reject(new Error('no')), Number.POSITIVE_INFINITY, 'late')).rejects.toThrow(
      'no',
    );
  });

  it('aborts no request before its time', async () => {
    for (const ms of [2 ** 31, 2 ** 32, 1e300, Number.POSITIVE_INFINITY, 1000.5]) {
      const signal = timeoutSignal(ms);
      await new Promise((resolve) => setTimeout(resolve, 3));
      expect(signal.aborted).toBe(false);
    }
  });
});
