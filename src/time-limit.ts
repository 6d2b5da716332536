/** A longer timer fires at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** What the work gives, or `late` when it takes longer than `ms`. Rejects as the work does. */
export async function within<T, Late>(work: PromiseLike<T>, ms: number, late: Late): Promise<T | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<Late>((resolve) => {
    timer = setTimeout(() => resolve(late), Math.min(ms, LONGEST_TIMER_MS));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
