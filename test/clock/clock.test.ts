import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import type { Baton, ToolCall } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';
import { SimulatedClocks } from './simulated-clocks.ts';

// The real Baton and the real SDK on a wall clock and a monotonic clock that the test moves. `FC_RUNS=5000` looks harder.

const RUNS = { numRuns: Number(process.env.FC_RUNS ?? 300) };
const HOUR = 3_600_000;
/** The SDK tells milliseconds as a fraction of doubles: what is smaller than this is rounding. */
const ROUNDING = 0.002;
/** Many times in a row, each a microsecond later, may run a little ahead of the clock. */
const FOR_ORDER = 0.1;

const recording = recordEachTest();
let baton: Baton;
let clocks: SimulatedClocks | undefined;

beforeEach(() => {
  baton = recording.client({ agent: 'app' });
});

afterEach(() => {
  clocks?.takeBack();
  clocks = undefined;
});

type Act =
  | { readonly does: 'work' | 'sleep' | 'step'; readonly ms: number }
  | { readonly does: 'foreign' }
  | { readonly does: 'tool'; readonly acts: readonly Act[] };

/** How the clocks behave when they are read. */
interface Pace {
  readonly costs: readonly number[];
  readonly isReal: boolean;
}

const startOf = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e3 + nanos / 1e6;
const endOf = ({ endTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e3 + nanos / 1e6;

/** One program on clocks of its own. */
class World {
  readonly clocks: SimulatedClocks;
  /** What the wall clock showed around the start of each span of ours, in the order of their starts. */
  readonly told: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  /** How long each tool call was at work, at least and at most, by name. */
  readonly lasted: { readonly name: string; readonly least: number; readonly most: number }[] = [];
  #count = 0;
  #disturbed = 0;

  constructor({ costs, isReal }: Pace) {
    this.clocks = new SimulatedClocks(costs, { isReal });
    clocks = this.clocks;
  }

  play(acts: readonly Act[]): void {
    for (const act of acts) {
      if (act.does === 'work') this.clocks.pass(act.ms);
      else if (act.does === 'sleep') this.#disturb(() => this.clocks.sleep(act.ms));
      else if (act.does === 'step') this.#disturb(() => this.clocks.step(act.ms));
      else if (act.does === 'tool') this.#tool(act.acts);
      else trace.getTracer('http').startSpan('GET').end();
    }
  }

  #disturb(how: () => void): void {
    this.#disturbed++;
    how();
    // It is noticed within a millisecond, and by a span of ours.
    this.clocks.pass(1);
    this.#tool([]);
    // Times that are held back for the sake of order are soon right again.
    this.clocks.pass(4);
  }

  #tool(acts: readonly Act[]): void {
    const name = `tool ${++this.#count}`;
    const [from, before, disturbed] = [this.clocks.shown, this.clocks.monotonic, this.#disturbed];
    const open: ToolCall = baton.startTool({ tool: name });
    const [to, begun] = [this.clocks.shown, this.clocks.monotonic];
    this.told.push({ name: `execute_tool ${name}`, from, to });
    open.within(() => this.play(acts));
    const least = this.clocks.monotonic - begun;
    open.end();
    if (disturbed === this.#disturbed) {
      this.lasted.push({ name: `execute_tool ${name}`, least, most: this.clocks.monotonic - before });
    }
  }
}

/** Runs a program in a tool call, and gives its spans by name. */
function play(pace: Pace, acts: readonly Act[]): { world: World; spans: readonly ReadableSpan[] } {
  recording.forget();
  const world = new World(pace);
  try {
    world.play([{ does: 'tool', acts }]);
  } finally {
    world.clocks.takeBack();
  }
  return { world, spans: recording.spans() };
}

/** Children of spans of ours, whoever made them, that start after the end of their parent: by how much. */
function late(spans: readonly ReadableSpan[]): string[] {
  const parents = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  return spans.flatMap((span) => {
    const parent = parents.get(span.parentSpanContext?.spanId ?? '');
    const by = parent ? startOf(span) - endOf(parent) : 0;
    return by > ROUNDING ? [`${span.name} starts ${by} ms after the end of ${parent?.name}`] : [];
  });
}

const reading = fc.oneof(
  { weight: 30, arbitrary: fc.double({ min: 0.001, max: 0.003, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0.5, max: 40, noNaN: true }) },
);
const pace = fc.record({ costs: fc.array(reading, { minLength: 1, maxLength: 40 }), isReal: fc.boolean() });
const work = fc.record({ does: fc.constant('work' as const), ms: fc.double({ min: 0, max: 3, noNaN: true }) });
const foreign = fc.constant({ does: 'foreign' as const });
const sleep = fc.record({ does: fc.constant('sleep' as const), ms: fc.constantFrom(0.4, 30, HOUR) });
const step = (sizes: readonly number[]) =>
  fc.record({ does: fc.constant('step' as const), ms: fc.constantFrom(...sizes) });

function program(...disturbances: fc.Arbitrary<Act>[]): fc.Arbitrary<Act[]> {
  return fc.letrec<{ acts: Act[]; tool: Act }>((tie) => ({
    acts: fc.array(fc.oneof({ maxDepth: 4 }, work, foreign, tie('tool'), ...disturbances), { maxLength: 12 }),
    tool: fc.record({ does: fc.constant('tool' as const), acts: tie('acts') }),
  })).acts;
}

/** More than what is held back for the sake of order. */
const LARGE = [-HOUR, -20_000.6, -700, -200.2, 0.3, 6, 700, HOUR];
const SMALL = [-4, -1.5, -0.4, 2];

describe('on any clocks', () => {
  it('no child starts after the end of a span of ours, also after sleeps and steps of the wall clock', () => {
    fc.assert(
      fc.property(pace, program(sleep, step([...LARGE, ...SMALL])), (pace, acts) => {
        expect(late(play(pace, acts).spans)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('a start lies in a millisecond that the wall clock showed then, but for the order', () => {
    fc.assert(
      fc.property(pace, program(sleep, step(LARGE)), (pace, acts) => {
        const { world, spans } = play(pace, acts);
        const starts = new Map(spans.map((span) => [span.name, startOf(span)]));
        const wrong = world.told.filter(({ name, from, to }) => {
          const start = starts.get(name) as number;
          return start < from - ROUNDING || start >= to + 1 + FOR_ORDER;
        });
        expect(wrong).toEqual([]);
      }),
      RUNS,
    );
  });

  it('starts strictly rise, unless the wall clock is set back by more than five milliseconds', () => {
    fc.assert(
      fc.property(pace, program(sleep, step([...LARGE.filter((ms) => ms > 0), ...SMALL])), (pace, acts) => {
        const { world, spans } = play(pace, acts);
        const starts = new Map(spans.map((span) => [span.name, startOf(span)]));
        const inOrder = world.told.map(({ name }) => starts.get(name) as number);
        expect(inOrder.filter((start, index) => index > 0 && start <= (inOrder[index - 1] as number))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('a span lasts as long as its work, to within a millisecond', () => {
    fc.assert(
      fc.property(pace, program(sleep, step(LARGE)), (pace, acts) => {
        const { world, spans } = play(pace, acts);
        const lengths = new Map(spans.map((span) => [span.name, endOf(span) - startOf(span)]));
        const wrong = world.lasted.filter(({ name, least, most }) => {
          const length = lengths.get(name) as number;
          return length < least - 1 - ROUNDING || length > most + 1 + ROUNDING;
        });
        expect(wrong).toEqual([]);
      }),
      RUNS,
    );
  });
});

describe('on unusual clocks', () => {
  it('time that stands still between two waits, as in a Worker, goes on below its millisecond', () => {
    const still = new SimulatedClocks([0]);
    clocks = still;
    const shown: number[] = [];
    for (let wait = 0; wait < 5; wait++) {
      still.pass(7);
      shown.push(still.shown);
      for (let index = 0; index < 1_200; index++) {
        baton.withTool({ tool: 'search' }, () => trace.getTracer('http').startSpan('GET').end());
      }
    }
    const tools = recording.spans().filter(({ name }) => name === 'execute_tool search');
    const starts = tools.map(startOf);
    expect(starts.map(Math.floor)).toEqual(shown.flatMap((time) => Array(1_200).fill(time)));
    expect(starts.filter((start, index) => index > 0 && start <= (starts[index - 1] as number))).toEqual([]);
    expect(late(recording.spans())).toEqual([]);
  });

  it('a monotonic clock that stands still does not hold up the times', () => {
    const broken = new SimulatedClocks([0.001]);
    clocks = broken;
    performance.now = () => 3;
    const shown: number[] = [];
    for (let index = 0; index < 20; index++) {
      shown.push(broken.shown);
      baton.withTool({ tool: 'search' }, () => broken.pass(0.7));
    }
    expect(recording.spans().map((tool) => Math.floor(startOf(tool)))).toEqual(shown);
  });

  it('without a monotonic clock, times come from the wall clock', async () => {
    const real = Object.getOwnPropertyDescriptor(globalThis, 'performance') as PropertyDescriptor;
    Object.defineProperty(globalThis, 'performance', { value: undefined, configurable: true });
    try {
      const before = Date.now();
      await baton.withTool({ tool: 'search' }, () => new Promise((resolve) => setTimeout(resolve, 20)));
      const after = Date.now();
      const [tool] = recording.spans() as [ReadableSpan];
      expect(startOf(tool)).toBeGreaterThanOrEqual(before);
      expect(endOf(tool)).toBeLessThan(after + 1);
      expect(endOf(tool) - startOf(tool)).toBeGreaterThan(18);
    } finally {
      Object.defineProperty(globalThis, 'performance', real);
    }
  });

  it('a wall clock that a test has emptied costs no span', () => {
    const { now } = Date;
    Date.now = (() => undefined) as unknown as typeof now;
    try {
      baton.withTool({ tool: 'search' }, () => {});
    } finally {
      Date.now = now;
    }
    const [tool] = recording.spans() as [ReadableSpan];
    expect(endOf(tool)).toBeGreaterThan(startOf(tool));
  });

  it('an approval that waits while the wall clock is set back has waited as long as it did', () => {
    const set = new SimulatedClocks([0.001]);
    clocks = set;
    const approval = baton.startApproval({ tool: 'issue_refund' });
    set.pass(5_000);
    set.step(-HOUR);
    approval.approve();
    const [span] = recording.spans() as [ReadableSpan];
    expect(span.attributes['baton.approval.wait_ms']).toBe(5_000);
    expect(Math.round(endOf(span) - startOf(span))).toBe(5_000);
  });

  it('a session with a trace per run is short at its end, also when the wall clock was set back meanwhile', () => {
    const set = new SimulatedClocks([0.001]);
    clocks = set;
    const session = baton.startSession({ trace: 'per-run' });
    set.pass(60_000);
    set.step(-HOUR);
    set.pass(10);
    const shown = set.shown;
    session.end();
    const [span] = recording.spans() as [ReadableSpan];
    expect(Math.floor(startOf(span))).toBe(shown);
    expect(endOf(span) - startOf(span)).toBeLessThan(1);
  });
});
