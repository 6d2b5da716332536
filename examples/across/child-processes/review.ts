// The receiver: a separate process, with its own OpenTelemetry.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'review-service' });
const baton = new Baton({ agent: { key: 'review', name: 'Review' } });
const [{ carrier, lines }] = await once(process, 'message');

await baton.withRun({ carrier }, async () => {
  await baton.withTool({ tool: 'count_lines' }, () => sleep(20));
  const rejected = lines > 400 ? `${lines} lines are too many for one review` : undefined;
  if (rejected) baton.trackHandoffRejected({ reason: rejected });
  else baton.trackHandoffCompleted();
  process.send?.({ handoffId: carrier['baton-handoff'], rejected });
});

await baton.shutdown();
await telemetry.shutdown();
process.disconnect();
