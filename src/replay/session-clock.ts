/** Nanoseconds of the sources as the milliseconds of a timeline, counted from the session's start. */
export class SessionClock {
  readonly #start: bigint;

  constructor(startUnixNano: bigint) {
    this.#start = startUnixNano;
  }

  offsetMs(unixNano: bigint): number {
    return millis(unixNano - this.#start);
  }

  /** Clocks of two machines differ: what ended before it began took no time. */
  durationMs(startUnixNano: bigint, endUnixNano: bigint): number {
    return endUnixNano > startUnixNano ? millis(endUnixNano - startUnixNano) : 0;
  }

  /** A number holds microseconds since 1970, no more: what is beyond is left out instead of rounded to anything. */
  unixMs(unixNano: bigint): number {
    return Number(unixNano / 1000n) / 1000;
  }
}

function millis(nanos: bigint): number {
  return Number(nanos) / 1e6;
}
