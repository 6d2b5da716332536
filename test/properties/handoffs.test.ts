import { expect, it } from '@jest/globals';
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { Baton, type Handoff, type HandoffStatistics, type Run } from '../../src/index.ts';
import { buildTimelines, readFinishedSpans } from '../../src/replay.ts';
import { recordEachTest } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

// Anything that can be said of handoffs in one process, in any order, also what is misuse: asked, picked up, answered by whoever,
// tried again. Three things must hold: who reads ids and carriers changes nothing, the replay says what the session says, and
// each handoff is counted once.

/** `FC_RUNS=5000 npm test -- test/properties` looks harder. */
const RUNS = Number(process.env.FC_RUNS ?? 150);
const AGENTS = ['ann', 'bob', 'cleo'] as const;
const WORDS = ['Accepted', 'Completed', 'Rejected', 'Returned', 'Failed'] as const;
const VERBS = ['accept', 'complete', 'reject', 'return', 'fail'] as const;
const MODES = [undefined, 'pass_control', 'return_to_caller'] as const;

const which = fc.nat(9);
const agent = fc.constantFrom(...AGENTS);
const command = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    run: which,
    target: fc.constantFrom(undefined, ...AGENTS, { kind: 'human' as const, key: 'supervisor' }),
    mode: fc.constantFrom(...MODES),
  }),
  fc.record({
    do: fc.constant('start' as const),
    agent,
    parent: fc.option(which),
    by: fc.constantFrom('waiting' as const, 'id' as const, 'carrier' as const),
    handoff: which,
  }),
  fc.record({
    do: fc.constant('say' as const),
    run: which,
    word: fc.constantFrom(...WORDS),
    handoff: fc.option(which),
  }),
  fc.record({ do: fc.constant('say in hand' as const), run: which, verb: fc.constantFrom(...VERBS) }),
  fc.record({ do: fc.constant('say outside' as const), handoff: which, word: fc.constantFrom(...WORDS) }),
  fc.record({ do: fc.constant('end' as const), run: which, fails: fc.boolean() }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
type Read = (handoff: Handoff) => unknown;

class Reader extends MetricReader {
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

// For the async context alone.
recordEachTest();

/** Everything that came of a program. */
interface Outcome {
  readonly session: HandoffStatistics;
  readonly replay: object;
  readonly counted: number;
  /** What must be the same however much is read. */
  readonly recorded: readonly unknown[];
}

async function play(commands: readonly Command[], read: Read): Promise<Outcome> {
  const memory = new InMemorySpanExporter();
  const reader = new Reader();
  const baton = new Baton({
    agent: 'ann',
    tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }),
    meterProvider: new MeterProvider({ readers: [reader] }),
  });
  const session = baton.startSession({});
  const sessionId = session.id;
  const open: Run[] = [baton.startRun({ sessionId, agent: 'ann' })];
  const handoffs: Handoff[] = [];
  const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
  for (const one of commands) {
    if (one.do === 'ask') {
      const source = at(open, one.run);
      if (!source) continue;
      const { target, mode } = one;
      const handoff = baton.trackHandoffRequested({ sourceRunId: source.id, target, mode });
      read(handoff);
      handoffs.push(handoff);
    } else if (one.do === 'start') {
      const handoff = one.by === 'waiting' ? undefined : at(handoffs, one.handoff);
      const parent = one.parent === null || one.by === 'carrier' ? undefined : at(open, one.parent);
      const named = one.by === 'id' ? { handoffId: handoff?.id } : { carrier: handoff?.carrier() };
      open.push(baton.startRun({ sessionId, agent: one.agent, parentRunId: parent?.id, ...named }));
    } else if (one.do === 'say') {
      const run = at(open, one.run);
      const handoff = one.handoff === null ? undefined : at(handoffs, one.handoff);
      if (run) baton[`trackHandoff${one.word}`]({ runId: run.id, handoffId: handoff?.id });
    } else if (one.do === 'say in hand') at(open, one.run)?.handoff?.[one.verb]();
    else if (one.do === 'say outside') {
      const handoff = at(handoffs, one.handoff);
      if (handoff) baton[`trackHandoff${one.word}`]({ handoffId: handoff.id });
    } else {
      const run = at(open, one.run);
      if (!run) continue;
      open.splice(open.indexOf(run), 1);
      if (one.fails) run.fail(new Error('503'));
      else run.end();
    }
  }
  session.end();
  const spans = memory.getFinishedSpans();
  const metrics = await counted(reader);
  return {
    session: session.handoffs.statistics(),
    replay: replayed(spans, sessionId),
    counted: metrics.reduce((sum, { value }) => sum + value, 0),
    recorded: [spans.map(shapeOf), metrics, baton.warnings()],
  };
}

async function counted(reader: Reader): Promise<{ readonly status: unknown; readonly value: number }[]> {
  const { resourceMetrics } = await reader.collect();
  return resourceMetrics.scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .filter(({ descriptor }) => descriptor.name === 'baton.handoffs')
    .flatMap(({ dataPoints }) => dataPoints as DataPoint<number>[])
    .map(({ attributes, value }) => ({ status: attributes['baton.handoff.status'], value }));
}

function shapeOf({ name, attributes, links, events }: ReadableSpan): unknown {
  const { 'baton.handoff.status': status, 'baton.handoff.target': target, 'baton.agent.key': key } = attributes;
  return [name, status, target, key, links.length, events.map((event) => event.name)];
}

function replayed(spans: readonly ReadableSpan[], sessionId: string): object {
  const { statistics } = buildTimelines(readFinishedSpans(spans)).find(({ id }) => id === sessionId) ?? {};
  return {
    totalHandoffs: statistics?.count,
    path: statistics?.chains.map((chain) => chain.map(({ key }) => key).join(' → ')).join(', '),
    agentsInvolved: statistics?.agents.length,
    agents: statistics?.agents.map(({ key }) => key),
    byStatus: statistics?.byStatus,
    loop: statistics?.loop,
  };
}

/** Once the replay took the first report for the answer of the try that began after it. */
const REPORTED_BEFORE_IT_WAS_TRIED_AGAIN: Command[] = [
  { do: 'ask', run: 0, target: undefined, mode: undefined },
  { do: 'say', run: 0, word: 'Returned', handoff: 0 },
  { do: 'start', agent: 'ann', parent: null, by: 'id', handoff: 0 },
  { do: 'say', run: 0, word: 'Returned', handoff: 0 },
];

it('handoffs are told as they were, counted once, and not touched by who reads them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      const plain = await play(commands, () => {});
      expect(plain.replay).toEqual(plain.session);
      expect(plain.counted).toBe(plain.session.totalHandoffs);
      const readers: readonly Read[] = [({ id }) => id, (handoff) => JSON.stringify(handoff.carrier())];
      for (const read of readers) expect((await play(commands, read)).recorded).toEqual(plain.recorded);
      for (const kept of [registry.sessions, registry.runs, registry.handoffs]) expect(kept.size).toBe(0);
    }),
    { numRuns: RUNS, examples: [[REPORTED_BEFORE_IT_WAS_TRIED_AGAIN]] },
  );
}, 300_000);
