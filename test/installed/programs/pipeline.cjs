// The escalation pipeline, as CommonJS so that every module system, runtime and bundler can take it. Explicit ids carry
// the tree where a runtime has no async context; `pause` stands for the work.
'use strict';

async function runPipeline(Baton, { pause = async () => {}, ...options } = {}) {
  const baton = await Baton.create({
    agent: { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' },
    ...options,
  });
  await baton.withSession({ id: 'SUP-123', kind: 'pipeline' }, async (session) => {
    const sessionId = session.id;
    await baton.withRun({ sessionId, stepKey: 'orchestrator', stepIndex: 0 }, async (orchestrator) => {
      await baton.withWorkflowStep(
        { runId: orchestrator.id, sessionId, stepKey: 'triage-ticket', stepIndex: 1 },
        pause,
      );
      const handoff = baton.trackHandoffRequested({
        sessionId,
        sourceRunId: orchestrator.id,
        reason: 'Delegate customer response draft',
        payloadSummary: { ticketId: 'SUP-123', priority: 'urgent' },
      });
      const child = { sessionId, parentRunId: orchestrator.id, handoffId: handoff.id, stepKey: 'response-worker' };
      await baton.withChildRun({ ...child, stepIndex: 2, role: 'worker' }, async (worker) => {
        baton.trackHandoffCompleted({ sessionId, runId: worker.id });
        const tool = { name: 'support.compose_reply', riskLevel: 'low' };
        await baton.withTool({ runId: worker.id, tool, action: { type: 'write', name: 'compose' } }, pause);
      });
    });
  });
  return baton;
}

exports.runPipeline = runPipeline;
