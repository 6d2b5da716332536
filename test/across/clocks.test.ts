import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildTimelines, readOtlpJson, renderText } from '../../src/replay.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';
import { AgentProcess } from './support/agents.ts';
import { timeless } from './support/recipe.ts';

let receiver: Receiver;
let agents: readonly AgentProcess[];

beforeAll(async () => {
  receiver = await startReceiver();
  const start = (key: string, env = {}): Promise<AgentProcess> => AgentProcess.start(key, receiver.url, env);
  agents = await Promise.all([start('triage'), start('billing', { PRELOAD: 'clock-behind.mjs' }), start('audit')]);
});

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await receiver.close();
});

describe('a process whose clock is behind', () => {
  it('is told where it belongs, with a line about its clock', async () => {
    const [triage, billing, audit] = agents as [AgentProcess, AgentProcess, AgentProcess];
    const before = performance.now();
    const next = { to: audit, mode: 'return_to_caller' } as const;
    await triage.session('behind', [{ to: billing, next, mode: 'return_to_caller' }]);
    await Promise.all(agents.map((agent) => agent.flush()));
    const took = performance.now() - before;
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    const start = (name: string): bigint => spans.find((span) => span.name === name)?.startUnixNano ?? 0n;
    // As it was sent: the effect half a minute before its cause, less what the way to it took.
    const early = Number(start('handoff billing') - start('invoke_agent billing')) / 1e6;
    expect(early).toBeGreaterThan(30_000 - took);

    const [timeline] = buildTimelines(spans);
    // No longer than it really was, up to a millisecond between two clocks.
    expect(timeline?.durationMs).toBeLessThan(took + 1);
    expect(timeline?.clockSkews).toEqual([{ clock: 'billing', than: 'triage', behindMs: expect.any(Number) }]);
    const behind = timeline?.clockSkews?.[0]?.behindMs;
    expect(behind).toBeGreaterThan(30_000 - took);
    expect(behind).toBeLessThanOrEqual(30_000);
    const told = timeline ? renderText(timeline, { width: 120 }) : '';
    expect(timeless(told)).toBe(
      `
✓ behind · multi_agent · completed in {t}
  {when} · 3 agents · 2 handoffs · 8 spans
  clock  of billing is about {t} behind that of triage; its times are moved on

  +{t}  ● triage
  +{t}  ├─ handoff → billing  accepted after {t} · return_to_caller
  +{t}  └─ ● billing  ← triage
  +{t}     ├─ handoff → audit  accepted after {t} · return_to_caller
  +{t}     └─ ● audit  ← billing

  handoffs  2 accepted
  path      triage → billing → audit
  trace     {trace}`.trim(),
    );
  });
});
