import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../src/index.ts';
import type { Question } from './measure/question.ts';
import { discard } from './pipeline/discard.ts';

/** So many sessions on either side; 10,000 may be open. */
const SESSIONS = 20_000;

/** Is a session dearer, to start and to end, where more are open than Baton keeps? */
export const manyOpen: Question = {
  name: 'many-open',
  title: `${SESSIONS} sessions open at once, beside the same in eight turns`,
  byName: true,
  measures: ['time'],
  goal: { time: 1 },
  batch: 1,
  rounds: 30,
  prepare() {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [discard] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const baton = new Baton({ agent: 'clerk' });
    const openAndEnd = (count: number): void => {
      const open = Array.from({ length: count }, () => baton.startSession({}));
      for (const session of open) session.end();
    };
    return {
      baton: async () => openAndEnd(SESSIONS),
      async other() {
        for (let turn = 0; turn < 8; turn++) openAndEnd(SESSIONS / 8);
      },
    };
  },
};
