import type { HrTime } from '@opentelemetry/api';
import { sharedByAll } from '../shared.ts';

/**
 * Microseconds since the epoch, strictly increasing so that siblings keep their order: backends order by time alone,
 * and the SDK's own start times have only whole milliseconds.
 *
 * The SDK calls `Date.now()` for each span. So every time from here lies in the millisecond that `Date.now()` shows. A
 * span that the SDK starts inside a Baton span then never starts after the Baton span's end, also after a sleep, a step
 * of the wall clock, and with the clocks of a test. The monotonic clock gives only the part below the millisecond.
 */
export type Micros = number;

/**
 * How often the time is increased while the clock stands still, as in tests: 490 times by a microsecond, then by a
 * quarter of one. In sum that stays below one millisecond.
 */
const ROOM = 2_490;
const ROOM_IN_QUARTERS = 2_000;
/** A step back of the wall clock up to this size does not cost the order: the clock soon catches up. */
const MAX_HELD_BACK_MILLIS = 5;
/** The same for the clock of a test. It may never catch up, and no order across its change is needed. */
const MAX_HELD_BACK_OF_OTHERS = 1;

interface Stopwatch {
  readonly now: () => number;
}

/** Without a monotonic clock, all times come from the wall clock. */
const STANDING_STILL: Stopwatch = { now: () => 0 };

/**
 * In milliseconds: `offset` from the monotonic clock to the epoch, never above the true value; `setting`, the sum of
 * the wall clock's steps; `wall` and `compared`, the two clocks at their last comparison; `same`, until when the wall
 * clock shows the same millisecond.
 * In microseconds: `said`, the last reading of the clocks; `told`, the last time returned; and `room`, how often that
 * may still be increased.
 */
const clock = sharedByAll('clock.v1', () => ({
  offset: 0,
  setting: 0,
  wall: 0,
  compared: 0,
  same: 0,
  said: 0,
  told: 0,
  room: ROOM,
}));

/** The clocks that this copy of the package uses. Reading `performance` takes a fifth as long as calling its `now`. */
let stopwatch: Stopwatch = STANDING_STILL;
let wallClock: typeof Date.now | undefined;
let monotonicClock: Stopwatch['now'] | undefined;
let isReal = false;
let heldBack = MAX_HELD_BACK_MILLIS;

export function now(): Micros {
  if (Date.now !== wallClock || stopwatch.now !== monotonicClock) meet();
  const monotonic = stopwatch.now();
  let micros = Math.floor((monotonic + clock.offset) * 1_000);
  if (monotonic >= clock.same || micros === clock.said) micros = compare(monotonic);
  if (micros !== clock.said) {
    clock.said = micros;
    clock.room = ROOM;
  }
  if (micros <= clock.told) return tick();
  clock.told = micros;
  return micros;
}

/** The next time after the last one returned, without reading the clocks: for things that happen at the same moment. */
export function tick(): Micros {
  if (clock.room > 0) {
    clock.told += clock.room > ROOM_IN_QUARTERS ? 1 : 0.25;
    clock.room--;
  }
  return clock.told;
}

/** The current setting of the wall clock. A scope keeps it from its start, for `endOf`. */
export function clockSetting(): number {
  return clock.setting;
}

/**
 * The end time of a scope that started under the setting `begun` of the wall clock. If the clock was set back since,
 * the scope keeps its real duration and ends after everything that started inside it.
 */
export function endOf(begun: number, at: Micros): Micros {
  const back = begun - clock.setting;
  return back > 0 ? Math.max(at, clock.said + Math.floor(back * 1_000)) : at;
}

export function toHrTime(micros: Micros): HrTime {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}

/** Switches to the current clocks: fake timers replace the real ones and restore them later. */
function meet(): void {
  stopwatch = globalThis.performance ?? STANDING_STILL;
  // Another monotonic clock has another zero, so it continues where the previous one stopped.
  if (monotonicClock !== undefined && stopwatch.now !== monotonicClock) {
    clock.offset = clock.told / 1_000 - stopwatch.now();
    heldBack = MAX_HELD_BACK_OF_OTHERS;
  }
  clock.same = clock.wall = 0;
  wallClock = Date.now;
  monotonicClock = stopwatch.now;
  isReal = String(wallClock).includes('[native code]');
}

/**
 * Compares the clocks. Reading both each time would cost twice as much. A new millisecond of the wall clock began after
 * the last comparison that showed the one before, so it lasts at least one millisecond from that comparison.
 */
function compare(shown: number): Micros {
  let monotonic = shown;
  if (stopwatch !== (globalThis.performance ?? STANDING_STILL)) {
    meet();
    monotonic = stopwatch.now();
  }
  const wall = Date.now();
  if (wall !== clock.wall) clock.same = isReal && wall === clock.wall + 1 ? clock.compared + 1 : 0;
  clock.wall = wall;
  clock.compared = monotonic;
  let exact = monotonic + clock.offset;
  // Time passed between the two readings: a moment, or long on a busy machine.
  if (exact < wall) exact = stopwatch.now() + clock.offset;
  if (exact < wall || exact >= wall + 1) exact = correct(exact, wall);
  heldBack = MAX_HELD_BACK_MILLIS;
  // A fake wall clock may stand still while the monotonic clock runs, so nothing below its millisecond is known.
  if (!isReal) exact = Math.max(Math.floor(exact), wall || 0);
  return Math.floor(exact * 1_000);
}

function correct(exact: number, wall: number): number {
  clock.offset += wall - exact;
  clock.setting += wall - exact;
  // The order across the step is lost. That is better than times an hour ahead of the wall clock.
  if (exact > wall && clock.told > (wall + heldBack) * 1_000) {
    clock.setting -= Math.max(0, clock.told / 1_000 - exact);
    clock.told = 0;
  }
  return wall;
}
