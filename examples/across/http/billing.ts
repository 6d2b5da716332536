// The receiver: a separate service, with its own OpenTelemetry.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton, type Carrier } from 'otel-baton';
import { register } from 'otel-baton/sdk';

register({ serviceName: 'billing-service', signals: true });
const baton = new Baton({ agent: { key: 'billing', name: 'Billing' } });

async function refund(order: string): Promise<string> {
  await sleep(20);
  return `Order ${order} is refunded.`;
}

const server = createServer(async (request, response) => {
  const { carrier, order } = (await json(request)) as { carrier: Carrier; order: string };
  const answer = await baton.withRun({ carrier }, async () => {
    baton.trackHandoffCompleted(); // accepted: billing takes over
    const done = await baton.withTool({ tool: { name: 'issue_refund', riskLevel: 'high' } }, () => refund(order));
    baton.trackHandoffCompleted(); // completed: billing has finished
    return done;
  });
  response.end(answer);
});

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
