import { withTimeLimit } from '../time-limit.ts';
import type { RegisterOptions } from './options.ts';

/** How long a signal waits for the backend where it is nobody else's. */
const LIMIT_MS = 2_000;

/**
 * Flushes on signals, and is gone: what happens next is what would have happened without us. The app's own handlers run
 * once, for as long as they need, and a second signal is theirs. Where there are none, the signal is sent again when the
 * spans have left.
 */
export function flushOnSignals(signals: RegisterOptions['signals'], flush: () => Promise<boolean>): void {
  const names = signals === true ? ['SIGTERM', 'SIGINT'] : signals || [];
  for (const name of new Set(names as readonly NodeJS.Signals[])) {
    const onSignal = (): void => {
      process.off('newListener', stayFirst);
      // Ours is gone by now, for it listens once. It was the first, so theirs are all still there.
      const somebodyElse = process.listenerCount(name) > 0;
      const flushed = flush();
      if (!somebodyElse) void withTimeLimit(flushed, LIMIT_MS, false).then(() => process.kill(process.pid, name));
    };
    const stayFirst = (event: string | symbol, listener: unknown): void => {
      if (event !== name || listener === onSignal) return;
      queueMicrotask(() => {
        // Not where the signal came in between.
        if (!process.listeners(name).includes(onSignal)) return;
        process.off(name, onSignal);
        process.prependOnceListener(name, onSignal);
      });
    };
    process.prependOnceListener(name, onSignal);
    process.on('newListener', stayFirst);
  }
}
