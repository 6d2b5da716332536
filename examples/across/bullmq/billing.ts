// The receiver: takes one job from the queue, even hours later, and ends.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';
import { Baton, type Carrier } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'billing-service' });
const baton = new Baton({ agent: { key: 'billing', name: 'Billing' } });

async function work({ data }: Job<{ carrier: Carrier; order: string }>): Promise<string> {
  return baton.withRun({ carrier: data.carrier }, async (run) => {
    baton.trackHandoffCompleted();
    await baton.withTool({ tool: { name: 'issue_refund', riskLevel: 'high' } }, () => sleep(20));
    run.setOutputSummary(`Order ${data.order} is refunded.`);
    return 'refunded';
  });
}

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
const worker = new Worker('billing', work, { connection });
await once(worker, 'completed');

await worker.close();
await baton.shutdown();
await telemetry.shutdown();
