import { LONGEST_TIMER_MS } from '../time-limit.ts';

/** Calls `then` once, so many milliseconds from now, however many; it keeps no process alive. Gives what stops it. */
export function startDeadline(ms: number, then: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    // A longer timer would fire at once: the way is gone in stages.
    const stage = Math.min(left, LONGEST_TIMER_MS);
    timer = setTimeout(() => (left > stage ? wait(left - stage) : then()), stage);
    (timer as { unref?: () => void }).unref?.();
  };
  wait(ms);
  return () => clearTimeout(timer);
}
