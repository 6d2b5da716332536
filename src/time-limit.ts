/** A longer timer fires at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** Where what was given is no time at all. */
const USUAL_MS = 10_000;

/** A time as a timer takes it: `Infinity` is as long as it goes, what is no number the usual one. */
export function timerMs(ms: unknown): number {
  if (typeof ms !== 'number' || Number.isNaN(ms)) return USUAL_MS;
  return Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMER_MS);
}

/** Aborts after `ms`, of whatever size: `AbortSignal.timeout` throws at fractions and at what is too long. */
export function timeoutSignal(ms: unknown): AbortSignal {
  return AbortSignal.timeout(timerMs(ms));
}

/** What the work gives, or `late` when it takes longer than `ms`. Rejects as the work does. */
export async function withTimeLimit<T, Late>(work: PromiseLike<T>, ms: number, late: Late): Promise<T | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<Late>((resolve) => {
    timer = setTimeout(() => resolve(late), timerMs(ms));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
