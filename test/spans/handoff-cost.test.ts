import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Waiting } from '../../src/handoffs/waiting.ts';
import { Baton, type Handoff } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

// No look-up goes through what is open or answered: with four times as many an operation costs about the same. Both are measured
// in one run, in turns, and only their ratio counts.

const FEW = 2_000;
const MANY = 4 * FEW;
const TIMES = 150;

let baton: Baton;

// For the async context alone.
recordEachTest();

beforeEach(() => {
  // Keeps no span: what has ended must not count.
  baton = new Baton({ agent: 'triage', tracerProvider: new BasicTracerProvider() });
});

afterEach(async () => {
  await baton.shutdown();
  for (const open of [registry.sessions, registry.runs, registry.handoffs]) open.clear();
});

interface World {
  readonly sessionId: string;
  readonly sourceRunId: string;
}

let sessions = 0;

/** A session in which so many handoffs are open, or answered. */
function world(open: number, answered: number): World {
  const sessionId = `session-${++sessions}`;
  baton.startSession({ id: sessionId });
  const { id: sourceRunId } = baton.startRun({ sessionId, agent: 'triage' });
  const ask = (target: string): Handoff => baton.trackHandoffRequested({ sourceRunId, target });
  for (let index = 0; index < answered; index++) {
    const handoffId = ask(`agent-${index % 5}`).id;
    const run = baton.startRun({ parentRunId: sourceRunId, agent: 'worker', handoffId });
    if (index % 2) run.handoff?.reject();
    run.end();
  }
  for (let index = 0; index < open; index++) ask('nobody');
  return { sessionId, sourceRunId };
}

/** Each asks for what it needs, so that as much is open afterwards as before. */
const OPERATIONS: Readonly<Record<string, (world: World) => void>> = {
  'asking, and taking it as the oldest that waits': ({ sourceRunId }) => {
    baton.trackHandoffRequested({ sourceRunId, target: 'writer' });
    const run = baton.startRun({ parentRunId: sourceRunId, agent: 'writer' });
    if (!run.handoff) throw new Error('nothing was picked up');
    run.handoff.complete();
    run.end();
  },
  'a run that finds nothing': ({ sourceRunId }) => {
    const run = baton.startRun({ parentRunId: sourceRunId, agent: 'reader' });
    if (run.handoff) throw new Error('something was picked up');
    run.end();
  },
  'a run below the session that finds nothing': ({ sessionId }) => baton.startRun({ sessionId, agent: 'reader' }).end(),
  'answering by id, and again': ({ sourceRunId }) => {
    const { id: handoffId } = baton.trackHandoffRequested({ sourceRunId, target: 'writer' });
    for (const _ of [1, 2]) baton.trackHandoffCompleted({ handoffId });
  },
  'a source that ends while it waits': ({ sourceRunId }) => {
    const run = baton.startRun({ parentRunId: sourceRunId, agent: 'reader' });
    baton.trackHandoffRequested({ sourceRunId: run.id, target: 'late', mode: 'return_to_caller' });
    run.end();
  },
};

function costOf(operation: (world: World) => void, where: World): number {
  const before = performance.now();
  for (let time = 0; time < TIMES; time++) operation(where);
  return performance.now() - before;
}

/** The best of many turns: whatever else the machine does only adds. */
function ratio(operation: (world: World) => void, few: World, many: World): number {
  const best = [few, many].map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < 12; turn++) {
    for (const [index, where] of [few, many].entries()) {
      best[index] = Math.min(best[index] ?? 0, costOf(operation, where));
    }
  }
  return (best[1] ?? 0) / (best[0] ?? 1);
}

describe.each([
  ['open', FEW, MANY, 0, 0],
  ['answered', 0, 0, FEW, MANY],
])('with four times as many handoffs %s', (_, openFew, openMany, answeredFew, answeredMany) => {
  it.each(Object.keys(OPERATIONS))(
    '%s costs about the same',
    (name) => {
      const operation = OPERATIONS[name] as (world: World) => void;
      const [few, many] = [world(openFew, answeredFew), world(openMany, answeredMany)];
      for (const where of [few, many]) costOf(operation, where);
      let times = Number.POSITIVE_INFINITY;
      // What grows with their number does so each time; what a busy machine adds does not.
      for (let attempt = 0; attempt < 3 && times >= 2; attempt++) times = ratio(operation, few, many);
      expect(times).toBeLessThan(2);
    },
    60_000,
  );
});

describe('what waits', () => {
  it('is found as one by one, however many wait, come and go', () => {
    // A list that is looked through, beside the one that is looked up.
    const asked: { handoff: FakeHandoff; gone: boolean }[] = [];
    const waiting = new Waiting();
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let step = 0; step < 6_000; step++) {
      const open = asked.filter(({ gone }) => !gone);
      if (random(100) < (step % 2_000 < 1_200 ? 60 : 20)) {
        const handoff = new FakeHandoff(pick(RUNS, random), pick(RUNS, random), pick(TARGETS, random));
        asked.push({ handoff, gone: false });
        waiting.add(handoff as never);
      } else if (open.length > 0 && random(2) === 0) {
        const one = open[random(open.length)];
        if (one) one.gone = true;
        waiting.delete(one?.handoff as never);
      }
      const who = { agentKey: pick(AGENTS, random), stepKey: pick(STEPS, random), runId: pick(RUNS, random) };
      const parentId = pick(RUNS, random);
      expect(waiting.find(parentId, who)).toBe(lookThrough(asked, parentId, who));
    }
    expect(asked.length).toBeGreaterThan(1_000);
  });
});

const RUNS = [undefined, 'r1', 'r2', 'r3'];
const AGENTS = ['a', 'b', 'c'];
const STEPS = [undefined, 'a', 's'];
const TARGETS = [undefined, 'a', 'b', 's', 'x'];

function pick<T>(from: readonly T[], random: (below: number) => number): T {
  return from[random(from.length)] as T;
}

/** As much of a handoff as it takes to wait. */
class FakeHandoff {
  turn = 0;
  readonly to: { readonly key: string } | undefined;
  readonly sourceRunId: string | undefined;
  readonly sourceParentId: string | undefined;

  constructor(sourceRunId: string | undefined, sourceParentId: string | undefined, target: string | undefined) {
    this.sourceRunId = sourceRunId;
    this.sourceParentId = sourceParentId;
    this.to = target === undefined ? undefined : { key: target };
  }

  fits(agentKey: string, stepKey: string | undefined): boolean {
    return this.to === undefined || this.to.key === agentKey || this.to.key === stepKey;
  }
}

/** The rule itself: the oldest of the parent's, else one that a sibling addressed; without a parent any. */
function lookThrough(
  asked: readonly { readonly handoff: FakeHandoff; readonly gone: boolean }[],
  parentId: string | undefined,
  who: { readonly agentKey: string; readonly stepKey: string | undefined; readonly runId: string | undefined },
): FakeHandoff | undefined {
  const fitting = asked
    .filter(({ gone }) => !gone)
    .map(({ handoff }) => handoff)
    .filter((handoff) => who.runId === undefined || handoff.sourceRunId !== who.runId)
    .filter((handoff) => handoff.fits(who.agentKey, who.stepKey));
  if (parentId === undefined) return fitting[0];
  return (
    fitting.find(({ sourceRunId }) => sourceRunId === parentId) ??
    fitting.find(({ to, sourceParentId }) => to && sourceParentId === parentId)
  );
}
