import { setTimeout as sleep } from 'node:timers/promises';
import { Baton } from '../../baton.ts';

/**
 * The escalation pipeline: an orchestrator triages an urgent ticket and hands the drafting of the reply to a worker.
 * `tell` is called as it goes along; `false` when not all could be sent. The delays are those that a model and a ticket system would take, shortened.
 */
export async function runPipeline(tell: (progress: string) => void): Promise<boolean> {
  const baton = await Baton.create({
    agent: { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' },
    mode: 'monitor',
  });

  await baton.withSession(
    {
      kind: 'pipeline',
      inputSummary: 'Handle urgent enterprise support escalation',
      metadata: { triggerKind: 'support_escalation' },
    },
    async (session) => {
      await baton.withRun(
        { sessionId: session.id, stepKey: 'orchestrator', stepName: 'Orchestrator', stepIndex: 0 },
        async (orchestratorRun) => {
          tell('orchestrator triages the ticket');
          await baton.withWorkflowStep(
            {
              runId: orchestratorRun.id,
              sessionId: session.id,
              stepKey: 'triage-ticket',
              stepName: 'Triage ticket',
              stepIndex: 1,
            },
            () => sleep(600),
          );

          tell('orchestrator hands off the reply');
          baton.trackHandoffRequested({
            sessionId: session.id,
            sourceRunId: orchestratorRun.id,
            reason: 'Delegate customer response draft',
            payloadSummary: { ticketId: 'SUP-123', priority: 'urgent' },
          });
          await sleep(80);

          await baton.withChildRun(
            {
              sessionId: session.id,
              parentRunId: orchestratorRun.id,
              stepKey: 'response-worker',
              stepName: 'Response worker',
              stepIndex: 2,
              role: 'worker',
            },
            async (workerRun) => {
              await sleep(10);
              baton.trackHandoffCompleted({ sessionId: session.id, runId: workerRun.id });
              tell('worker composes the reply');
              await baton.withTool(
                {
                  runId: workerRun.id,
                  tool: { name: 'support.compose_reply', riskLevel: 'low' },
                  action: { type: 'write', name: 'support.compose_reply' },
                  resource: { type: 'work_item', externalId: 'SUP-123' },
                },
                () => sleep(1_200),
              );
              await sleep(40);
            },
          );
        },
      );
    },
  );

  tell('sending the spans');
  return baton.shutdown();
}
