import { describe, expect, it } from '@jest/globals';
import { runRecipe } from './support/recipe.ts';

describe('a handoff to another process is told as one story, both sides in order', () => {
  it('over HTTP', async () => {
    expect(await runRecipe('http')).toBe(
      `
http://{address}
Order 4321 is refunded.

✓ SUP-123 · pipeline · completed in {t}
  {when} · 2 agents · 1 handoff · 7 spans
  input  Charged twice for order 4321

  +{t}  ● Triage
  +{t}  ├─ handoff → Billing  accepted after {t} · completed after {t} · return_to_caller
           │    reason  The customer wants a refund
  +{t}  ├─ ● Billing  ← Triage
  +{t}  │  └─ tool issue_refund  high risk
  +{t}  └─ tool tell_customer

  handoffs  1 completed
  path      Triage → Billing
  trace     {trace}`.trim(),
    );
  }, 60_000);

  it('to a worker thread', async () => {
    expect(await runRecipe('worker-threads')).toBe(
      `
✓ SUP-123 · pipeline · completed in {t}
  {when} · 2 agents · 1 handoff · 6 spans
  input  A letter in Finnish

  +{t}  ● Support
  +{t}  ├─ handoff → Translation  accepted after {t} · returned after {t} · return_to_caller
           │    returned  Good day
  +{t}  └─ ● Translation  ← Support
           │ input  Hyvää päivää
  +{t}     └─ tool dictionary

  handoffs  1 returned
  path      Support → Translation → Support
  trace     {trace}`.trim(),
    );
  }, 60_000);

  it('to a child process, which says no', async () => {
    expect(await runRecipe('child-processes')).toBe(
      `
✓ PR-7 · pipeline · completed in {t}
  {when} · 2 agents · 1 handoff · 7 spans
  input  A change to the price list

  +{t}  ● Author
  +{t}  ├─ handoff → Review  rejected after {t} · return_to_caller
           │    reason    Four eyes
           │    rejected  4000 lines are too many for one review
  +{t}  ├─ ● Review  ← Author
  +{t}  │  └─ tool count_lines
  +{t}  └─ step split-change

  handoffs  1 rejected
  path      Author
  trace     {trace}`.trim(),
    );
  }, 60_000);

  it('to whoever decides in the morning, in a session that was suspended', async () => {
    const [, ...told] = (await runRecipe('overnight')).split('\n');
    expect(told.join('\n').trim()).toBe(
      `
✓ SUP-123 · pipeline · completed in {t}
  {when} · 1 agent · 0 handoffs · 7 spans

  +{t}  ● Billing  suspended
  +{t}  └─ approval issue_refund  requested from support-leads
           reason  More than 100 €
  +{t}  ● Billing
  +{t}  ├─ approval issue_refund  approved by anna after {t}
           │    approved  The customer is right
  +{t}  └─ tool issue_refund  high risk

  traces  {trace} {trace}`.trim(),
    );
  }, 60_000);
});
