/** What a benchmark asks: how much Baton costs beside the same thing without it. */
export interface Question {
  /** Names it on the command line: `npm run bench -- on`. */
  readonly name: string;
  readonly title: string;
  /** What to measure; default both. */
  readonly measures?: readonly Measure[];
  /** Sets the process up (each measurement has one of its own) and gives both sides. */
  prepare(): Sides | Promise<Sides>;
  /** Asked only where the command line names it: it takes long, or is of interest to few. */
  readonly byName?: boolean;
  /** How often a side runs in one sample of the clock, where one run is long enough by itself; default 100. */
  readonly batch?: number;
  /** Rounds of the clock, where the usual number would take minutes. */
  readonly rounds?: number;
  /** Whether what is done grows from round to round, so that the last rounds are to be compared with the first. */
  readonly grows?: boolean;
  /** Most that Baton may cost, as a multiple of the other side. */
  readonly goal?: Readonly<Partial<Record<Measure, number>>>;
  /** Throws when the two sides do not do the same. Runs in a process of its own, before anything is measured. */
  check?(): Promise<void>;
}

export interface Sides {
  readonly baton: Side;
  readonly other: Side;
}

/** One pipeline. */
export type Side = () => Promise<void>;

export type Measure = 'time' | 'heap';

/** One interleaved round: cost of a pipeline on either side, in microseconds or in bytes. */
export interface Round {
  readonly baton: number;
  readonly other: number;
}

/** What a process tells of one measure. */
export interface Measured {
  readonly measure: Measure;
  readonly rounds: readonly Round[];
}

/** How long a measurement takes. */
export interface Effort {
  readonly timeRounds: number;
  /** How long each side runs in a round of the clock. */
  readonly roundMillis: number;
  readonly heapRounds: number;
  /** How many pipelines each side runs in a round of the heap. */
  readonly roundPipelines: number;
  /** Rounds that do not count, until the optimising compiler has settled: it also removes allocations. */
  readonly warmUpRounds: number;
}

export const FULL: Effort = {
  timeRounds: 100,
  roundMillis: 30,
  heapRounds: 10,
  roundPipelines: 1_000,
  warmUpRounds: 20,
};

export const QUICK: Effort = { timeRounds: 5, roundMillis: 15, heapRounds: 3, roundPipelines: 200, warmUpRounds: 5 };
