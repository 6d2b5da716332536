// The receiver: a separate thread, with its own OpenTelemetry.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Baton, type Carrier } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'translation-thread' });
const baton = new Baton({ agent: { key: 'translation', name: 'Translation' } });
const { carrier, text } = workerData as { carrier: Carrier; text: string };

await baton.withRun({ carrier, inputSummary: text }, async () => {
  baton.trackHandoffCompleted();
  const answer = await baton.withTool({ tool: 'dictionary' }, async () => {
    await sleep(20);
    return 'Good day';
  });
  baton.trackHandoffReturned({ payloadSummary: answer });
  parentPort?.postMessage({ handoffId: carrier['baton-handoff'], answer });
});

await baton.shutdown();
await telemetry.shutdown();
