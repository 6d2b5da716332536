/**
 * A handoff over HTTP: the triage agent asks the billing agent, which is another service. The carrier travels in the body of
 * the request.
 *
 * Look at: both services in one replay; the run of billing below that of triage, because the handoff is `return_to_caller`.
 *
 *     npx tsx examples/across/http.ts
 */
import { printReplay } from './support/programs.ts';

await printReplay(async (start) => {
  const billing = start('http/billing.ts');
  await start('http/triage.ts', { BILLING_URL: await billing.firstLine }).ended();
  await billing.stop();
});
