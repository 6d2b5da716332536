// The sender: sends the carrier to the child process, and reports the answer that the child process sends back.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Baton } from 'otel-baton';
import { register } from 'otel-baton/sdk';

const telemetry = register({ serviceName: 'author-service' });
const baton = new Baton({ agent: { key: 'author', name: 'Author' } });

await baton.withSession({ id: 'PR-7', kind: 'pipeline', inputSummary: 'A change to the price list' }, () =>
  baton.withRun({}, async () => {
    const handoff = baton.trackHandoffRequested({ target: 'review', mode: 'return_to_caller', reason: 'Four eyes' });
    const child = fork(fileURLToPath(new URL('./review.ts', import.meta.url)));
    child.send({ carrier: handoff.carrier(), lines: 4000 });
    const [{ handoffId, rejected }] = await once(child, 'message');
    if (rejected) baton.trackHandoffRejected({ handoffId, reason: rejected });
    else baton.trackHandoffCompleted({ handoffId });
    await once(child, 'exit');
    await baton.withWorkflowStep({ stepKey: 'split-change' }, () => {});
  }),
);

await baton.shutdown();
await telemetry.shutdown();
