import { describe, expect, it } from '@jest/globals';
import { runRecipe } from '../across/support/recipe.ts';

describe('a handoff over BullMQ', () => {
  it('is told as one story, the worker beside who passed the ticket on', async () => {
    expect(await runRecipe('bullmq')).toBe(
      `
✓ SUP-123 · pipeline · completed in {t}
  {when} · 2 agents · 1 handoff · 6 spans
  input  Charged twice for order 4321

  +{t}  ● Triage
  +{t}  └─ handoff → Billing  accepted after {t} · pass_control
           reason  The customer wants a refund
  +{t}  ● Billing  ← Triage
           │ output  Order 4321 is refunded.
  +{t}  └─ tool issue_refund  high risk

  handoffs  1 accepted
  path      Triage → Billing
  trace     {trace}`.trim(),
    );
  }, 60_000);
});
