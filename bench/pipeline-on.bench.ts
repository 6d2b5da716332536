import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../src/index.ts';
import type { Question } from './measure/question.ts';
import { inBaton } from './pipeline/baton.ts';
import { discard } from './pipeline/discard.ts';
import { byHand } from './pipeline/hand-written.ts';

const AGENT = { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' };

/** What does Baton cost beside the very same spans written by hand? */
export const pipelineOn: Question = {
  name: 'on',
  title: 'on, beside the same spans by hand',
  goal: { time: 1.15, heap: 1.2 },
  prepare() {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [discard] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const baton = new Baton({ agent: AGENT });
    return { baton: () => inBaton(baton), other: byHand };
  },
  async check() {
    const { checkSameSpans } = await import('./measure/wire.ts');
    const baton = new Baton({ agent: AGENT, strict: true });
    await checkSameSpans(() => inBaton(baton), byHand);
  },
};
