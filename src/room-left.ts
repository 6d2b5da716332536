/** 64 kB of arguments: what a recording needs at most, with regular expressions that are compiled on the way. */
const ROOM: readonly number[] = new Array(8_192).fill(0);

/** 16 kB: what the start of a span needs. A span that began and found no room for its handle would never end. */
const ROOM_TO_START: readonly number[] = new Array(2_048).fill(0);

/** Scopes that run inside each other right now, without a turn of the loop in between. */
export const nesting: { scopes: number } = { scopes: 0 };
/** With so many of them the stack may be nearly full: looking costs more than the rest of a span. */
const DEEP = 100;

function take(..._room: readonly number[]): void {}

/**
 * Whether the stack has room for a recording. V8 compiles regular expressions when they are used, and takes a full stack there
 * for a lack of memory, which ends the process.
 */
export function hasRoom(room: readonly number[] = ROOM): boolean {
  try {
    take.apply(undefined, room as number[]);
    return true;
  } catch {
    return false;
  }
}

export function hasRoomToStart(): boolean {
  return nesting.scopes <= DEEP || hasRoom(ROOM_TO_START);
}

export function hasRoomToEnd(): boolean {
  return nesting.scopes <= DEEP || hasRoom();
}

/** What waits for room, the innermost first. */
let postponed: (() => void)[] = [];

/** Does it once there is room: when a scope further out ends, or at the latest in a turn of its own. */
export function postpone(work: () => void): void {
  postponed.push(work);
  if (postponed.length === 1) void Promise.resolve().then(catchUp);
}

/** Does what was postponed, if there is room by now. */
export function catchUp(): void {
  if (postponed.length === 0 || !hasRoom()) return;
  const due = postponed;
  postponed = [];
  for (const work of due) work();
}

/** Whether a call overflowed the stack. */
export function isOverflow(error: unknown): boolean {
  // No regular expression: the stack may still be full.
  return (error instanceof RangeError && error.message.includes('call stack')) || isTooMuchRecursion(error);
}

function isTooMuchRecursion(error: unknown): boolean {
  return error instanceof Error && error.name === 'InternalError';
}
