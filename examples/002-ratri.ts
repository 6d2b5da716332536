/**
 * The same escalation pipeline, written for a third SDK. Only the import is changed: `Baton as Ratri`.
 *
 * Look at: the same replay as that of 001-pipeline.ts. It takes only milliseconds, because the placeholders are empty. Even
 * so, every span has a duration, and siblings keep their order.
 *
 *     npx tsx examples/002-ratri.ts
 */
import './support/show-replay.ts';
import { Baton as Ratri } from 'otel-baton';

const ratri = await Ratri.create({
  agent: { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' },
  mode: 'monitor',
});

await ratri.withSession(
  {
    kind: 'pipeline',
    inputSummary: 'Handle urgent enterprise support escalation',
    metadata: { triggerKind: 'support_escalation' },
  },
  async (session) => {
    await ratri.withRun(
      {
        sessionId: session.id,
        stepKey: 'orchestrator',
        stepName: 'Orchestrator',
        stepIndex: 0,
      },
      async (orchestratorRun) => {
        await ratri.withWorkflowStep(
          {
            runId: orchestratorRun.id,
            sessionId: session.id,
            stepKey: 'triage-ticket',
            stepName: 'Triage ticket',
            stepIndex: 1,
          },
          async () => {
            /* triage logic */
          },
        );

        await ratri.trackHandoffRequested({
          sessionId: session.id,
          sourceRunId: orchestratorRun.id,
          reason: 'Delegate customer response draft',
          payloadSummary: { ticketId: 'SUP-123', priority: 'urgent' },
        });

        await ratri.withChildRun(
          {
            sessionId: session.id,
            parentRunId: orchestratorRun.id,
            stepKey: 'response-worker',
            stepName: 'Response worker',
            stepIndex: 2,
            role: 'worker',
          },
          async (workerRun) => {
            await ratri.trackHandoffCompleted({
              sessionId: session.id,
              runId: workerRun.id,
            });

            await ratri.withTool(
              {
                runId: workerRun.id,
                tool: { name: 'support.compose_reply', riskLevel: 'low' },
                action: { type: 'write', name: 'support.compose_reply' },
                resource: { type: 'work_item', externalId: 'SUP-123' },
              },
              async () => {
                /* compose draft */
              },
            );
          },
        );
      },
    );
  },
);

await ratri.flush();
await ratri.shutdown();
