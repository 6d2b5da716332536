// Checked by `tsc`, never run: programs written for other SDKs compile with only import and constructor changed.
import { Baton, Baton as Ratri, type Run, type Session } from 'otel-baton';

/** The blocks of the handoff recipe. */
export async function handoffRecipe(apie: Baton, session: Session, orchestratorRun: Run): Promise<void> {
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
    },
  );
}

/** The complete example of the pipelines page. */
export async function pipeline(): Promise<void> {
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
}

/** The same of the page's other edition, where nothing but the import changes. */
export async function renamedPipeline(): Promise<void> {
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
}
