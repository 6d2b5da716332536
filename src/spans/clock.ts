import type { HrTime } from '@opentelemetry/api';
import { shared } from '../shared.ts';

/**
 * Microseconds since the epoch that strictly rise, so that siblings can be told apart: backends order by nothing else,
 * and the SDK's own start times have whole milliseconds only.
 */
export type Micros = number;

/** Beyond this the two clocks have parted (a sleeping laptop, a corrected wall clock), and the wall clock is right. */
const MAX_DRIFT_MICROS = 5_000;

/** Between the monotonic clock and the epoch, and what was told last. */
const clock = shared('clock', () => ({ offset: Date.now() * 1_000 - performance.now() * 1_000, last: 0 }));

export function now(): Micros {
  const wall = Date.now() * 1_000;
  let micros = Math.floor(performance.now() * 1_000 + clock.offset);
  const drift = micros - wall;
  if (drift > MAX_DRIFT_MICROS || drift < -MAX_DRIFT_MICROS) {
    clock.offset += wall - micros;
    micros = wall;
    // After a step back of the wall clock, order across the step is lost: better than times that stand still.
    if (micros < clock.last - MAX_DRIFT_MICROS) clock.last = 0;
  }
  if (micros <= clock.last) micros = clock.last + 1;
  clock.last = micros;
  return micros;
}

export function toHrTime(micros: Micros): HrTime {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}
