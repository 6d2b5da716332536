// The sender: puts the carrier into the request, and reports the answer by the handoff's id.
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'triage-service' });
const baton = new Baton({ agent: { key: 'triage', name: 'Triage' } });

await baton.withSession({ id: 'SUP-123', kind: 'pipeline', inputSummary: 'Charged twice for order 4321' }, () =>
  baton.withRun({}, async () => {
    const handoff = baton.trackHandoffRequested({
      target: 'billing',
      mode: 'return_to_caller',
      reason: 'The customer wants a refund',
    });
    const response = await fetch(process.env.BILLING_URL ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ carrier: handoff.carrier(), order: '4321' }),
    });
    if (response.ok) baton.trackHandoffCompleted({ handoffId: handoff.id });
    else baton.trackHandoffFailed({ handoffId: handoff.id, reason: `billing answered ${response.status}` });
    await baton.withTool({ tool: 'tell_customer' }, async () => console.log(await response.text()));
  }),
);

await baton.shutdown();
await telemetry.shutdown();
