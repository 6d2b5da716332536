/** In the place of the clocks of this process: a wall clock and a monotonic one that a test moves. */
export class SimulatedClocks {
  /** What `Date.now()` cuts to whole milliseconds. */
  wall: number;
  /** What `performance.now()` gives. */
  monotonic = 5_000;
  #costs: Iterator<number>;
  readonly #realNow = Date.now;
  /** Each pair begins a day after the one before: to who has read that one, it is as if the wall clock had been set. */
  static #days = 0;

  /**
   * `costs`: milliseconds that each reading of a clock takes, over and over: long ones are those of a busy machine.
   * `isReal`: the wall clock looks like that of the platform, else like that of a test.
   */
  constructor(costs: readonly number[], { isReal = true }: { readonly isReal?: boolean } = {}) {
    this.wall = Date.UTC(2026, 10, 21 + (SimulatedClocks.#days++ % 500), 12) + 0.37;
    this.#costs = endless(costs);
    const read = (clock: 'wall' | 'monotonic'): number => {
      this.pass(this.#costs.next().value);
      return this[clock];
    };
    const wall = (): number => Math.floor(read('wall'));
    // A bound function reads as native code, as the real one does.
    Date.now = isReal ? wall.bind(undefined) : wall;
    performance.now = () => read('monotonic');
  }

  pass(milliseconds: number): void {
    this.wall += milliseconds;
    this.monotonic += milliseconds;
  }

  /** On Linux and macOS, the monotonic clock does not count a sleep. */
  sleep(milliseconds: number): void {
    this.wall += milliseconds;
  }

  /** Somebody sets the wall clock. */
  step(milliseconds: number): void {
    this.wall += milliseconds;
  }

  /** The whole milliseconds that the wall clock shows, without the cost of reading it. */
  get shown(): number {
    return Math.floor(this.wall);
  }

  takeBack(): void {
    Date.now = this.#realNow;
    // The real one stands on the prototype.
    delete (performance as { now?: unknown }).now;
  }
}

function* endless(values: readonly number[]): Generator<number, never> {
  for (;;) yield* values;
}
