import { Baton } from '../src/index.ts';
import type { Question } from './measure/question.ts';
import { onBareApi } from './pipeline/bare-api.ts';
import { inBaton } from './pipeline/baton.ts';

const GOAL = { time: 1.5, heap: 1.5 };

/** What does Baton cost in an app that has switched it off? */
export const pipelineDisabled: Question = {
  name: 'disabled',
  title: 'enabled: false, beside the bare API',
  goal: GOAL,
  prepare() {
    const baton = new Baton({ agent: 'support-ops-orchestrator', enabled: false });
    return { baton: () => inBaton(baton), other: onBareApi };
  },
};

/** What does Baton cost in an app that has registered no provider? */
export const pipelineWithoutProvider: Question = {
  name: 'no-provider',
  title: 'no provider, beside the bare API',
  goal: GOAL,
  prepare() {
    const baton = new Baton({ agent: 'support-ops-orchestrator' });
    return { baton: () => inBaton(baton), other: onBareApi };
  },
};
