import type { Baton } from '../../src/index.ts';
import { composeReply, triageTicket } from './work.ts';

/**
 * An orchestrator triages a ticket and hands the answer over to a worker: the pipeline of the docs, in Baton's words. It
 * awaits what it tracks, as apps do that were written for a client which has to be awaited; two of its promises are that.
 */
export async function inBaton(baton: Baton): Promise<void> {
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
          await baton.withWorkflowStep(
            {
              runId: orchestratorRun.id,
              sessionId: session.id,
              stepKey: 'triage-ticket',
              stepName: 'Triage ticket',
              stepIndex: 1,
            },
            async () => {
              triageTicket();
            },
          );
          await baton.trackHandoffRequested({
            sessionId: session.id,
            sourceRunId: orchestratorRun.id,
            reason: 'Delegate customer response draft',
            payloadSummary: { ticketId: 'SUP-123', priority: 'urgent' },
          });
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
              await baton.trackHandoffCompleted({ sessionId: session.id, runId: workerRun.id });
              await baton.withTool(
                {
                  runId: workerRun.id,
                  tool: { name: 'support.compose_reply', riskLevel: 'low' },
                  action: { type: 'write', name: 'support.compose_reply' },
                  resource: { type: 'work_item', externalId: 'SUP-123' },
                },
                async () => {
                  composeReply();
                },
              );
            },
          );
        },
      );
    },
  );
}
