import type { HrTime } from '@opentelemetry/api';
import { sharedByAll } from '../shared.ts';

/**
 * Microseconds since the epoch that strictly rise, so that siblings can be told apart: backends order by nothing else,
 * and the SDK's own start times have whole milliseconds only.
 *
 * The SDK asks `Date.now()` for each span. So all that is told here lies in the millisecond that `Date.now()` shows: what
 * the SDK starts inside a span of ours never starts after its end, also after a sleep, a step of the wall clock, and with
 * the clocks of a test. The monotonic clock gives the part below the millisecond alone.
 */
export type Micros = number;

/**
 * How often a clock that stands still, as in tests, is told a little later: 490 times a microsecond, then a quarter of one.
 * That never gets as far as the next millisecond.
 */
const ROOM = 2_490;
const ROOM_IN_QUARTERS = 2_000;
/** So little the wall clock may be set back without costing the order: it has soon caught up. */
const MAX_HELD_BACK_MILLIS = 5;
/** Not the clock of a test, which may never catch up: nobody orders by what was before it. */
const MAX_HELD_BACK_OF_OTHERS = 1;

interface Stopwatch {
  readonly now: () => number;
}

/** Where there is no monotonic clock, all comes from the wall clock. */
const STANDING_STILL: Stopwatch = { now: () => 0 };

/**
 * In milliseconds: `offset` from the monotonic clock to the epoch, at most what is true; `setting`, by which the wall clock
 * was set, in sum; what both clocks showed when they were `compared` last, and until when the wall clock shows the same.
 * In microseconds: what the clocks said last, what was told last, and how often that may still rise.
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

/** Those that this copy of the package has met. Asking for `performance` takes a fifth as long as asking what it shows. */
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

/** The next time after what was told last: for what happens at the same moment, without asking the clocks. */
export function tick(): Micros {
  if (clock.room > 0) {
    clock.told += clock.room > ROOM_IN_QUARTERS ? 1 : 0.25;
    clock.room--;
  }
  return clock.told;
}

/** To be kept with what begins, for `endOf`. */
export function clockSetting(): number {
  return clock.setting;
}

/**
 * When something ends that began under the setting `begun` of the wall clock. Was that set back since, it lasts as long as it
 * did, and ends after all that has begun inside it.
 */
export function endOf(begun: number, at: Micros): Micros {
  const back = begun - clock.setting;
  return back > 0 ? Math.max(at, clock.said + Math.floor(back * 1_000)) : at;
}

export function toHrTime(micros: Micros): HrTime {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}

/** Fake timers put other clocks in the place of the real ones, and take them away again. */
function meet(): void {
  stopwatch = globalThis.performance ?? STANDING_STILL;
  // Another monotonic clock starts anywhere: it goes on where the one before it stopped.
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
 * Reading both clocks each time would cost twice as much. A millisecond of the wall clock began after the comparison that
 * still saw the one before, so it is not over sooner than a millisecond after that one.
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
  // Time went on between the two readings: a moment, or long on a busy machine.
  if (exact < wall) exact = stopwatch.now() + clock.offset;
  if (exact < wall || exact >= wall + 1) exact = correct(exact, wall);
  heldBack = MAX_HELD_BACK_MILLIS;
  // One that is not real may stand still while the monotonic clock runs: nothing below its millisecond is known.
  if (!isReal) exact = Math.max(Math.floor(exact), wall || 0);
  return Math.floor(exact * 1_000);
}

function correct(exact: number, wall: number): number {
  clock.offset += wall - exact;
  clock.setting += wall - exact;
  // Order across the step is lost: better than times that the wall clock reaches in an hour.
  if (exact > wall && clock.told > (wall + heldBack) * 1_000) {
    clock.setting -= Math.max(0, clock.told / 1_000 - exact);
    clock.told = 0;
  }
  return wall;
}
