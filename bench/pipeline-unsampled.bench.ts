import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../src/index.ts';
import type { Question } from './measure/question.ts';
import { inBaton } from './pipeline/baton.ts';
import { byHand } from './pipeline/hand-written.ts';

/** What does a trace cost that the sampler drops? */
export const pipelineUnsampled: Question = {
  name: 'unsampled',
  title: 'not sampled, beside the same spans by hand',
  prepare() {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const baton = new Baton({ agent: 'support-ops-orchestrator' });
    return { baton: () => inBaton(baton), other: byHand };
  },
};
