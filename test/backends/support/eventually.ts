import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** Does it again until it throws no more: backends need a moment. In the end, the last reason stands. */
export async function eventually<Result>(attempt: () => Promise<Result>, timeoutMs = 20_000): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}
