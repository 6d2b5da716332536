/** The last thing that each span meets: knows whether any wait to be sent, and sends them at once when the end is near. */
import type { HostedProvider } from './sdk-line.ts';

/** The exporter takes thirty at a time; what is beyond waits for one of these to be done. */
const AT_A_TIME = 5;

export class LastSpans {
  #waiting = false;
  #hurrying: HostedProvider | undefined;
  #asked = false;
  #sending = 0;

  /** Have spans ended since the last time that somebody asked? */
  take(): boolean {
    const waiting = this.#waiting;
    this.#waiting = false;
    return waiting;
  }

  /** From now on nothing waits for its batch: the process may end in the next turn of the loop. */
  hurry(provider: HostedProvider): void {
    this.#hurrying = provider;
  }

  onStart(): void {}

  onEnd(): void {
    this.#waiting = true;
    if (this.#hurrying) this.#send();
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  /** Once for all that end in one go. */
  #send(): void {
    if (this.#asked || this.#sending >= AT_A_TIME) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      this.#waiting = false;
      this.#sending++;
      const done = (): void => {
        this.#sending--;
        if (this.#waiting) this.#send();
      };
      this.#hurrying?.forceFlush().then(done, done);
    });
  }
}
