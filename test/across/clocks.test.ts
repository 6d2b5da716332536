import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildTimelines, readOtlpJson, renderText } from '../../src/replay.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';
import { AgentProcess } from './support/agents.ts';
import { timeless } from './support/recipe.ts';

jest.setTimeout(60_000);

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
    const next = { to: audit, mode: 'return_to_caller' } as const;
    await triage.session('behind', [{ to: billing, next, mode: 'return_to_caller' }]);
    await Promise.all(agents.map((agent) => agent.flush()));
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    const start = (name: string): bigint => spans.find((span) => span.name === name)?.startUnixNano ?? 0n;
    // As it was sent: the effect half a minute before its cause.
    expect(start('handoff billing') - start('invoke_agent billing')).toBeGreaterThan(29_000_000_000n);

    const [timeline] = buildTimelines(spans);
    expect(timeline?.durationMs).toBeLessThan(20_000);
    expect(timeline?.clockSkews).toEqual([{ clock: 'billing', than: 'triage', behindMs: expect.any(Number) }]);
    expect(timeline?.clockSkews?.[0]?.behindMs).toBeCloseTo(29_900, -3);
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
