import type { HrTime } from '@opentelemetry/api';
import { sharedByAll } from '../shared.ts';

/**
 * Microseconds since the epoch that strictly rise, so that siblings can be told apart: backends order by nothing else,
 * and the SDK's own start times have whole milliseconds only.
 */
export type Micros = number;

/** Beyond this the two clocks have parted (a sleeping laptop, a corrected wall clock), and the wall clock is right. */
const MAX_DRIFT_MILLIS = 5;
/** How long the monotonic clock is trusted alone: reading both for each span costs as much as the rest of this file. */
const TRUSTED_MILLIS = 20;

/** Milliseconds between the monotonic clock and the epoch, when they were compared last, and what was told last. */
const clock = sharedByAll('clock.v1', () => ({
  offset: Date.now() - performance.now(),
  compared: performance.now(),
  last: 0,
}));

export function now(): Micros {
  const monotonic = performance.now();
  if (monotonic - clock.compared > TRUSTED_MILLIS) compare(monotonic);
  const micros = Math.floor((monotonic + clock.offset) * 1_000);
  clock.last = micros > clock.last ? micros : clock.last + 1;
  return clock.last;
}

/** The next microsecond after what was told last: for what happens at the same moment, without asking the clock. */
export function tick(): Micros {
  clock.last++;
  return clock.last;
}

function compare(monotonic: number): void {
  clock.compared = monotonic;
  const wall = Date.now();
  if (Math.abs(monotonic + clock.offset - wall) <= MAX_DRIFT_MILLIS) return;
  clock.offset = wall - monotonic;
  // After a step back of the wall clock, order across the step is lost: better than times that stand still.
  if (wall * 1_000 < clock.last - MAX_DRIFT_MILLIS * 1_000) clock.last = 0;
}

export function toHrTime(micros: Micros): HrTime {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}
