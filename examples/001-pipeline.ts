/**
 * The escalation pipeline: an orchestrator triages a ticket and hands the draft of the reply to a worker. The code was
 * written for another SDK. Only the import and the constructor are changed, and the two placeholders take some time.
 *
 * Look at: the handoff, open from the request to its acceptance, with its reason and payload; the worker's run, linked
 * to the handoff; `stepKey`, `stepName`, `stepIndex` and `role` on the runs; the tool call with its risk, action and resource.
 *
 *     npx tsx examples/001-pipeline.ts
 */
import './support/show-replay.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton } from 'otel-baton';

const apie = await Baton.create({
  agent: { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' },
  mode: 'monitor',
});

await apie.withSession(
  {
    kind: 'pipeline',
    inputSummary: 'Handle urgent enterprise support escalation',
    metadata: { triggerKind: 'support_escalation' },
  },
  async (session) => {
    await apie.withRun(
      {
        sessionId: session.id,
        stepKey: 'orchestrator',
        stepName: 'Orchestrator',
        stepIndex: 0,
      },
      async (orchestratorRun) => {
        await apie.withWorkflowStep(
          {
            runId: orchestratorRun.id,
            sessionId: session.id,
            stepKey: 'triage-ticket',
            stepName: 'Triage ticket',
            stepIndex: 1,
          },
          async () => {
            /* triage logic */
            await sleep(60);
          },
        );

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
            await apie.trackHandoffCompleted({
              sessionId: session.id,
              runId: workerRun.id,
            });

            await apie.withTool(
              {
                runId: workerRun.id,
                tool: { name: 'support.compose_reply', riskLevel: 'low' },
                action: { type: 'write', name: 'support.compose_reply' },
                resource: { type: 'work_item', externalId: 'SUP-123' },
              },
              async () => {
                /* compose draft */
                await sleep(140);
              },
            );
          },
        );
      },
    );
  },
);

await apie.flush();
await apie.shutdown();
