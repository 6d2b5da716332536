/** 64 kB of arguments: the most that recording needs, including regular expressions that are compiled on the way. */
const ROOM: readonly number[] = new Array(8_192).fill(0);

/** 16 kB: what starting a span needs. A span that started without room for its handle would never end. */
const ROOM_TO_START: readonly number[] = new Array(2_048).fill(0);

/** Number of scopes that are nested on the current stack, without a turn of the event loop in between. */
export const nesting: { scopes: number } = { scopes: 0 };
/** Beyond this depth the stack may be nearly full. Checking it always would cost more than the rest of a span. */
const DEEP = 100;

function take(..._room: readonly number[]): void {}

/**
 * Whether the stack has room for recording. V8 compiles a regular expression when it is first used. With a full stack
 * it reports out of memory there, which ends the process.
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

/** Work that waits for room on the stack, the innermost first. */
let postponed: (() => void)[] = [];

/** Runs the work once there is room: when an outer scope ends, or at the latest in a microtask. */
export function postpone(work: () => void): void {
  postponed.push(work);
  if (postponed.length === 1) void Promise.resolve().then(catchUp);
}

/** Runs the postponed work if there is room now. */
export function catchUp(): void {
  if (postponed.length === 0 || !hasRoom()) return;
  const due = postponed;
  postponed = [];
  for (const work of due) work();
}

/** Whether the error is a stack overflow. */
export function isOverflow(error: unknown): boolean {
  // Without a regular expression, because the stack may still be full.
  return (error instanceof RangeError && error.message.includes('call stack')) || isTooMuchRecursion(error);
}

function isTooMuchRecursion(error: unknown): boolean {
  return error instanceof Error && error.name === 'InternalError';
}
