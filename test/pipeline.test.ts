import { describe, expect, it } from '@jest/globals';
import { runPipeline } from '../src/cli/demo/pipeline.ts';
import { recordEachTest } from './support/recording.ts';

const TREE = `
invoke_workflow pipeline {handoff.path=support-ops-orchestrator,response-worker}
  invoke_agent Support Ops Orchestrator {agent.key=support-ops-orchestrator step.key=orchestrator}
    run_step triage-ticket {agent.key=support-ops-orchestrator step.key=triage-ticket}
    handoff response-worker PRODUCER {agent.key=support-ops-orchestrator handoff.status=accepted}
      accept_handoff support-ops-orchestrator CONSUMER {agent.key=response-worker handoff.status=accepted}
    invoke_agent Response worker {agent.key=response-worker step.key=response-worker handoff.status=accepted} --handoff--> handoff response-worker [baton.handoff.accepted]
      execute_tool support.compose_reply {agent.key=response-worker}
`.trim();

describe.each([
  { where: 'in an app with a context manager', contextManager: true },
  { where: 'in an app without one, because the ids are enough', contextManager: false },
])('the escalation pipeline $where', ({ contextManager }) => {
  const show = ['baton.agent.key', 'baton.step.key', 'baton.handoff.status', 'baton.handoff.path'];
  const recording = recordEachTest({ contextManager, show });

  it('becomes one trace in which the handoff is answered and the worker is linked to it', async () => {
    expect(await runPipeline(() => {})).toBe(true);
    expect(recording.tree()).toBe(TREE);
  });
});
