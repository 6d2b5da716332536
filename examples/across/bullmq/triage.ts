// The sender: puts the carrier into the job's data, and ends.
import { Queue } from 'bullmq';
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'triage-service' });
const baton = new Baton({ agent: { key: 'triage', name: 'Triage' } });
const tickets = new Queue('billing', { connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) } });

await baton.withSession({ id: 'SUP-123', kind: 'pipeline', inputSummary: 'Charged twice for order 4321' }, () =>
  baton.withRun({}, async () => {
    const handoff = baton.trackHandoffRequested({
      target: 'billing',
      mode: 'pass_control',
      reason: 'The customer wants a refund',
    });
    await tickets.add('refund', { carrier: handoff.carrier(), order: '4321' });
  }),
);

await tickets.close();
await baton.shutdown();
await telemetry.shutdown();
