/**
 * The multi-agent handoff recipe. An urgent ticket arrives. The orchestrator triages it and delegates the draft of the
 * reply to a worker. The blocks of the recipe are unchanged; only the import and the constructor are Baton's.
 *
 * Look at: the order of the replay, which is the order of the recipe: session, orchestrator run, triage step, handoff
 * requested, child worker run, handoff completed (the worker has taken over), compose reply.
 *
 *     npx tsx examples/000-handoff-recipe.ts
 */
import './support/show-replay.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton } from 'otel-baton';

const apie = new Baton({ agent: { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' } });

await apie.withSession({ kind: 'pipeline', inputSummary: 'Urgent enterprise support ticket' }, async (session) => {
  await apie.withRun({ sessionId: session.id, stepKey: 'orchestrator', stepIndex: 0 }, async (orchestratorRun) => {
    await apie.withWorkflowStep({ stepKey: 'triage-ticket', stepName: 'Triage ticket', stepIndex: 1 }, async () => {
      await sleep(40);
    });

    await apie.trackHandoffRequested({
      sessionId: session.id,
      sourceRunId: orchestratorRun.id,
      reason: 'Delegate customer response draft',
      payloadSummary: { ticketId: 'SUP-123', priority: 'urgent' },
    });

    await apie.withChildRun(
      {
        sessionId: session.id,
        parentRunId: orchestratorRun.id,
        stepKey: 'response-worker',
        stepName: 'Response worker',
        stepIndex: 2,
        role: 'worker',
      },
      async (workerRun) => {
        await apie.trackHandoffCompleted({ sessionId: session.id, runId: workerRun.id });
        // worker logic
        await apie.withTool({ tool: { name: 'support.compose_reply' } }, async () => {
          await sleep(90);
        });
      },
    );
  });
});

await apie.flush();
await apie.shutdown();
