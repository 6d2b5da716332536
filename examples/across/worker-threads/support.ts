// The sender: starts the thread and passes the carrier to it.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'support-service' });
const baton = new Baton({ agent: { key: 'support', name: 'Support' } });
// In JavaScript, pass the file of the thread itself: `new Worker(new URL('./translation.js', import.meta.url), { workerData })`.
const starter = new URL('../support/typescript-thread.mjs', import.meta.url);
const argv = [new URL('./translation.ts', import.meta.url).href];

await baton.withSession({ id: 'SUP-123', kind: 'pipeline', inputSummary: 'A letter in Finnish' }, () =>
  baton.withRun({}, async () => {
    const handoff = baton.trackHandoffRequested({ target: 'translation', mode: 'return_to_caller' });
    const workerData = { carrier: handoff.carrier(), text: 'Hyvää päivää' };
    const thread = new Worker(starter, { argv, workerData });
    const [{ handoffId, answer }] = await once(thread, 'message');
    baton.trackHandoffReturned({ handoffId, payloadSummary: answer });
    await once(thread, 'exit');
  }),
);

await baton.shutdown();
await telemetry.shutdown();
