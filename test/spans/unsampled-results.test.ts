import { beforeEach, describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { ParentBasedSampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import type { Baton } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

/** Whether the sampler keeps the traces that begin now. */
let keeps = false;
const root = {
  shouldSample: () => ({
    decision: keeps ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
  }),
  toString: () => 'as the test says',
};
const recording = recordEachTest({ sampler: new ParentBasedSampler({ root }) });
const { names: ended } = recording;
let baton: Baton;

beforeEach(() => {
  keeps = false;
  baton = recording.client({ strict: true });
});

function foreign(name: string): void {
  trace.getTracer('app').startSpan(name).end();
}

function* generator(): Generator<number> {
  foreign('in the body');
  baton.withTool({ tool: 'search' }, () => foreign('in a tool'));
  yield 1;
  foreign('in the body');
}

async function* asyncGenerator(): AsyncGenerator<number> {
  yield* generator();
}

const query = (): PromiseLike<unknown> => ({
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then(onValue, onError) {
    for (const _ of generator());
    return Promise.resolve('rows').then(onValue, onError);
  },
});

/** What does its work later, and how the app lets it. */
const LAZY: [string, () => unknown, (given: never) => unknown][] = [
  ['a generator', generator, (given: Iterable<unknown>) => [...given]],
  ['an async generator', asyncGenerator, read],
  ['an async iterable', () => ({ [Symbol.asyncIterator]: asyncGenerator }), read],
];

async function read(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

describe.each(LAZY)('the body of %s whose scope was not sampled', (_, make, use) => {
  it.each<[string, () => unknown]>([
    ['given in a run', () => baton.withRun({}, make)],
    [
      'given in a tool',
      () => baton.withSession({}, () => baton.withRun({}, () => baton.withTool({ tool: 'search' }, make))),
    ],
    ['promised', () => baton.withRun({}, async () => make())],
    ['promised inside', () => baton.withSession({}, () => baton.withRun({}, async () => make()))],
    ['in a session per run', () => baton.withSession({ trace: 'per-run' }, () => baton.withRun({}, make))],
    ['inside what was started', () => baton.startRun({}).within(() => baton.withTool({ tool: 'search' }, make))],
    [
      'promised inside what was started',
      () => baton.startRun({}).within(() => baton.withTool({ tool: 'search' }, async () => make())),
    ],
    [
      'promised further inside what was started',
      () =>
        baton.startSession({}).within(() => baton.withRun({}, () => baton.withTool({ tool: 'x' }, async () => make()))),
    ],
    ['named by its session', () => baton.withRun({ sessionId: baton.startSession({ id: 'SUP-1' }).id }, make)],
    [
      'named by its session, promised',
      () => baton.withRun({ sessionId: baton.startSession({}).id }, async () => make()),
    ],
    ['named by its run', () => baton.withTool({ tool: 'search', runId: baton.startRun({}).id }, make)],
    [
      'named by its run, promised',
      () => baton.withTool({ tool: 'search', runId: baton.startRun({}).id }, async () => make()),
    ],
  ])('records nothing, makes no trace of its own, and is no misuse: %s', async (_, give) => {
    const given = await give();
    keeps = true;
    await use(given as never);
    // A session per run is told at its end, in a trace of its own.
    expect(ended().filter((name) => name !== 'invoke_workflow')).toEqual([]);
    baton.withRun({ agent: 'control' }, () => {});
    expect(ended().at(-1)).toBe('invoke_agent control');
  });
});

describe('a query builder whose scope was not sampled', () => {
  it.each<[string, () => PromiseLike<unknown>]>([
    ['given in a run', () => baton.withRun({}, query)],
    ['named by its session', () => baton.withRun({ sessionId: baton.startSession({}).id }, query)],
    ['named by its run', () => baton.withTool({ tool: 'search', runId: baton.startRun({}).id }, query)],
  ])('records nothing of its work: %s', async (_, give) => {
    const given = give();
    keeps = true;
    expect(await given).toBe('rows');
    expect(ended()).toEqual([]);
  });
});

describe('misuse', () => {
  /** A tool in the body of a generator that a run gave: no misuse, as it happens in that run. */
  it.each([true, false])('is none in the body of a generator, sampled or not (%s)', (sampled) => {
    keeps = sampled;
    expect([...baton.withRun({}, generator)]).toEqual([1]);
  });

  it('calls no until where nothing is recorded', () => {
    const until = (): never => {
      throw new Error('was called');
    };
    expect(baton.withRun({ until }, () => 42)).toBe(42);
  });
});
