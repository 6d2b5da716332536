import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Baton } from '../src/index.ts';
import { type Recording, startRecording } from './support/recording.ts';
import { spanTree } from './support/span-tree.ts';

let recording: Recording;

afterEach(async () => {
  await recording.stop();
});

async function runPipeline(baton: Baton): Promise<void> {
  await baton.withSession({ kind: 'pipeline', inputSummary: 'Handle escalation' }, async (session) => {
    await baton.withRun({ sessionId: session.id, stepKey: 'orchestrator', stepIndex: 0 }, async (run) => {
      await baton.withWorkflowStep(
        { runId: run.id, sessionId: session.id, stepKey: 'triage-ticket', stepIndex: 1 },
        async () => {},
      );
      await baton.trackHandoffRequested({ sessionId: session.id, sourceRunId: run.id, reason: 'Draft' });
      await baton.withChildRun(
        { sessionId: session.id, parentRunId: run.id, stepKey: 'response-worker', stepIndex: 2, role: 'worker' },
        async (worker) => {
          await baton.trackHandoffCompleted({ sessionId: session.id, runId: worker.id });
          await baton.withTool({ runId: worker.id, tool: { name: 'compose_reply', riskLevel: 'low' } }, async () => {});
        },
      );
    });
  });
}

const TREE = `
invoke_workflow pipeline {handoff.path=orchestrator,response-worker}
  invoke_agent orchestrator {agent.key=orchestrator step.key=orchestrator}
    run_step triage-ticket {agent.key=orchestrator step.key=triage-ticket}
    handoff response-worker PRODUCER {agent.key=orchestrator handoff.status=accepted}
      accept_handoff orchestrator CONSUMER {agent.key=response-worker handoff.status=accepted}
    invoke_agent response-worker {agent.key=response-worker step.key=response-worker handoff.status=accepted} --handoff--> handoff response-worker [baton.handoff.accepted]
      execute_tool compose_reply {agent.key=response-worker}
`.trim();

const SHOW = ['baton.agent.key', 'baton.step.key', 'baton.handoff.status', 'baton.handoff.path'];

describe('the escalation pipeline of the seeds', () => {
  beforeEach(() => {
    recording = startRecording();
  });

  it('becomes one trace in which the handoff is answered and the worker is linked to it', async () => {
    await runPipeline(new Baton({ agent: 'orchestrator' }));
    expect(spanTree(recording.spans(), { show: SHOW })).toBe(TREE);
  });
});

describe('without a context manager', () => {
  beforeEach(() => {
    recording = startRecording({ contextManager: false });
  });

  it('gives the same tree, because the ids are enough', async () => {
    await runPipeline(new Baton({ agent: 'orchestrator' }));
    expect(spanTree(recording.spans(), { show: SHOW })).toBe(TREE);
  });
});
