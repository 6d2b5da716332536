import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../src/index.ts';
import type { Question, Sides } from './measure/question.ts';
import { discard } from './pipeline/discard.ts';
import { runByHand, sessionByHand } from './pipeline/hand-written-run.ts';
import { composeReply } from './pipeline/work.ts';

const AGENT = 'clerk';
const DEPTH = 1_000;

/** What does a run cost in a session that has had very many? All rounds together are more than 100,000 runs. */
export const runsInOneSession: Question = {
  name: 'runs',
  title: 'one run after the other in one session, beside the same by hand',
  byName: true,
  grows: true,
  measures: ['time'],
  goal: { time: 1.15 },
  prepare() {
    const baton = recording();
    const session = baton.startSession({});
    const byHand = sessionByHand(AGENT);
    return {
      baton: () => session.within(() => baton.withRun({}, work)),
      other: () => byHand.within(() => runByHand(AGENT, byHand.id, undefined, work)),
    };
  },
  async check() {
    const { checkSameSpans } = await import('./measure/wire.ts');
    const sides = nestedSides(new Baton({ agent: AGENT, strict: true }), 3);
    await checkSameSpans(sides.baton, sides.other);
  },
};

/** And where each runs inside the one before? */
export const nested: Question = {
  name: 'nested',
  title: `${DEPTH} runs, each inside the one before, beside the same by hand`,
  byName: true,
  measures: ['time'],
  goal: { time: 1.15 },
  batch: 1,
  rounds: 50,
  prepare: () => nestedSides(recording(), DEPTH),
};

/** And is a run dearer that is deep inside? */
export const nestedGrowth: Question = {
  name: 'nested-growth',
  title: `${DEPTH} runs, each inside the one before, beside ten times ${DEPTH / 10}`,
  byName: true,
  measures: ['time'],
  goal: { time: 1.1 },
  batch: 1,
  rounds: 50,
  prepare() {
    const baton = recording();
    return {
      baton: () => baton.withSession({}, () => nest(baton, DEPTH)),
      async other() {
        for (let time = 0; time < 10; time++) await baton.withSession({}, () => nest(baton, DEPTH / 10));
      },
    };
  },
};

/** What do 200 sessions cost that wait at the same time? Of the processor: all of them wait. */
export const atOnce: Question = {
  name: 'at-once',
  title: '200 sessions at once, a run in each that waits 50 ms, beside the same by hand',
  byName: true,
  measures: ['time'],
  goal: { time: 1.1 },
  batch: 1,
  prepare() {
    const baton = recording();
    const wait = async (): Promise<void> => {
      await sleep(50);
      composeReply();
    };
    const all = async (one: () => Promise<void>): Promise<void> => {
      await Promise.all(Array.from({ length: 200 }, one));
    };
    return {
      baton: () => all(() => baton.withSession({}, () => baton.withRun({}, wait))),
      other: () =>
        all(() => {
          const session = sessionByHand(AGENT);
          return session.around(() => runByHand(AGENT, session.id, undefined, wait));
        }),
    };
  },
};

function recording(): Baton {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [discard] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return new Baton({ agent: AGENT });
}

async function work(): Promise<void> {
  composeReply();
}

function nestedSides(baton: Baton, depth: number): Sides {
  const nestByHand = (sessionId: string, parentId: string | undefined, left: number): Promise<void> =>
    runByHand(AGENT, sessionId, parentId, async (id) => {
      await work();
      if (left > 1) await nestByHand(sessionId, id, left - 1);
    });
  return {
    baton: () => baton.withSession({}, () => nest(baton, depth)),
    other() {
      const session = sessionByHand(AGENT);
      return session.around(() => nestByHand(session.id, undefined, depth));
    },
  };
}

/** Each has waited for its work before it starts the next, so that they do not stand on one stack. */
function nest(baton: Baton, left: number): Promise<void> {
  return baton.withRun({}, async () => {
    await work();
    if (left > 1) await nest(baton, left - 1);
  });
}
