// Asks for the approval and ends. Two carriers, as plain JSON with the ticket, are all that the next process needs.
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'support-service' });
const baton = new Baton({ agent: { key: 'support', name: 'Support' } });

const ticket = await baton.withSession({ id: 'SUP-123', kind: 'pipeline' }, (session) =>
  baton.withRun({ agent: { key: 'billing', name: 'Billing' } }, () => {
    const refund = { tool: { name: 'issue_refund', riskLevel: 'high' }, reason: 'More than 100 €' } as const;
    const approval = baton.startApproval({ ...refund, approver: 'support-leads' }).suspend();
    return { approval, session: session.suspend() };
  }),
);
console.log(JSON.stringify(ticket));

await baton.shutdown();
await telemetry.shutdown();
