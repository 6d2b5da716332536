// Continues the session after the decision. This process knows only what the ticket says.
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'support-service' });
const baton = new Baton({ agent: { key: 'support', name: 'Support' } });
const ticket = JSON.parse(process.env.TICKET ?? '{}');

await baton.resumeSession({ carrier: ticket.session, kind: 'pipeline' }, () =>
  baton.withRun({ agent: { key: 'billing', name: 'Billing' } }, async () => {
    baton.resolveApproval({
      carrier: ticket.approval,
      status: 'approved',
      approver: 'anna',
      reason: 'The customer is right',
      tool: 'issue_refund',
    });
    await baton.withTool({ tool: { name: 'issue_refund', riskLevel: 'high' } }, () => sleep(20));
  }),
);

await baton.shutdown();
await telemetry.shutdown();
