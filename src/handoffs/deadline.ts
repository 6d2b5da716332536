import { LONGEST_TIMER_MS } from '../time-limit.ts';

/**
 * Calls `then` once after `ms` milliseconds, however many. Does not keep the process alive. Returns a function that
 * stops it.
 */
export function startDeadline(ms: number, then: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    // A longer timer would fire at once, so it runs in stages.
    const stage = Math.min(left, LONGEST_TIMER_MS);
    timer = setTimeout(() => (left > stage ? wait(left - stage) : then()), stage);
    (timer as { unref?: () => void }).unref?.();
  };
  wait(ms);
  return () => clearTimeout(timer);
}
