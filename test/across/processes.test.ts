import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  buildTimelines,
  type RecordedSpan,
  readOtlpJson,
  renderText,
  type SessionTimeline,
  walkEntries,
} from '../../src/replay.ts';
import { outline } from '../replay/outline.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';
import { AgentProcess } from './support/agents.ts';

// Three processes, started once; each test has a session of its own.
jest.setTimeout(60_000);

let receiver: Receiver;
let triage: AgentProcess;
let billing: AgentProcess;
let audit: AgentProcess;

beforeAll(async () => {
  receiver = await startReceiver();
  const start = (key: string, env = {}): Promise<AgentProcess> => AgentProcess.start(key, receiver.url, env);
  [triage, billing, audit] = await Promise.all([start('triage'), start('billing'), start('audit')]);
});

afterAll(async () => {
  await Promise.all([triage, billing, audit].map((agent) => agent?.stop()));
  await receiver.close();
});

afterEach(async () => {
  const warned = await Promise.all([triage, billing, audit].map((agent) => agent.warnings()));
  expect(warned.flat()).toEqual([]);
});

function received(session: string): RecordedSpan[] {
  const { spans } = readOtlpJson(receiver.bodies.join('\n'));
  return spans.filter(({ attributes }) => attributes['session.id'] === session);
}

function told(session: string): SessionTimeline {
  const timelines = buildTimelines(received(session));
  expect(timelines).toHaveLength(1);
  return timelines[0] as SessionTimeline;
}

async function allFlushed(session: string): Promise<SessionTimeline> {
  await Promise.all([triage, billing, audit].map((agent) => agent.flush()));
  return told(session);
}

describe('a handoff to another process', () => {
  it('is paired by its id and by nothing else, a hundred of them at once between the same two agents', async () => {
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    const errands = numbers.map((number) => ({ to: billing, number, report: true }));
    await billing.waitFor(100);
    const statistics = await triage.session('hundred', errands);
    await billing.waitFor(0);
    expect(statistics.byStatus).toEqual({ accepted: 100 });

    const timeline = await allFlushed('hundred');
    expect([timeline.handoffs.length, timeline.missingParents]).toEqual([100, 0]);
    const entries = Array.from(walkEntries(timeline), ({ entry }) => entry);
    const numberOf = new Map(entries.map(({ spanId, metadata }) => [spanId, metadata.number]));
    const pairs = timeline.handoffs.map(({ spanId, receiver: run }) => [
      numberOf.get(spanId),
      numberOf.get(run?.spanId ?? ''),
    ]);
    expect(pairs).toEqual(numbers.map((number) => [number, number]));
  });

  it('goes on to a third one, each carrier from its own process, and the path says so', async () => {
    const next = { to: audit, inHeaders: true, answer: 'completed', mode: 'pass_control' } as const;
    await triage.session('chain', [{ to: billing, inHeaders: true, next, mode: 'return_to_caller' }]);
    const timeline = await allFlushed('chain');
    expect(timeline.statistics.path).toBe('triage → billing → audit');
    expect(outline(timeline)).toEqual([
      'run triage',
      '  handoff triage → billing accepted',
      '  run billing',
      '    handoff billing → audit accepted',
      '  run audit',
    ]);
    expect(new Set(received('chain').map(({ resource }) => resource['test.process']))).toEqual(
      new Set(['triage', 'billing', 'audit']),
    );
  });

  for (const [answer, path] of [
    ['returned', 'triage → billing → triage'],
    ['rejected', 'triage'],
    ['failed', 'triage'],
  ] as const) {
    it(`is ${answer} there, and the sender learns it from the reply, by the handoff’s id`, async () => {
      const statistics = await triage.session(answer, [
        { to: billing, answer, report: true, mode: 'return_to_caller' },
      ]);
      expect([statistics.path, statistics.byStatus]).toEqual([path, { [answer]: 1 }]);
      const timeline = await allFlushed(answer);
      const [handoff] = timeline.handoffs;
      expect(handoff?.status).toBe(answer);
      expect(handoff?.receiver?.agent?.key).toBe('billing');
      expect(timeline.statistics.path).toBe(answer === 'failed' ? 'triage → billing' : path);
      // Both sides close the request with the same word.
      const [request] = received(answer).filter(({ kind }) => kind === 'producer');
      expect(request?.attributes['baton.handoff.status']).toBe(answer);
    });
  }

  it('is told from the receiver alone while the sender’s spans are not there, and whole when they are', async () => {
    await triage.session('late', [{ to: billing, mode: 'return_to_caller' }]);
    await billing.flush();
    const early = told('late');
    expect(outline(early)).toEqual(['handoff triage → billing accepted', 'run billing']);
    expect(early.missingParents).toBeGreaterThan(0);
    const whole = await allFlushed('late');
    expect(outline(whole)).toEqual(['run triage', '  handoff triage → billing accepted', '  run billing']);
    expect(whole.missingParents).toBe(0);
  });

  it('is told from the receiver alone when the sender was killed right after sending', async () => {
    const doomed = await AgentProcess.start('triage', receiver.url);
    await expect(doomed.session('killed', [{ to: billing, dieOnceSent: true }])).rejects.toThrow(/SIGKILL/);
    await billing.flush();
    const timeline = told('killed');
    expect(outline(timeline)).toEqual(['handoff triage → billing accepted', 'run billing']);
    expect(timeline.statistics.path).toBe('triage → billing');
    expect(renderText(timeline)).toMatch(/incomplete/);
  });
});

describe('a carrier', () => {
  it('that nobody uses leaves a handoff that nobody answered', async () => {
    await triage.carrier('unused', 'billing');
    const timeline = await allFlushed('unused');
    expect(outline(timeline)).toEqual(['run triage', '  handoff triage → billing requested']);
  });

  it('that is used twice joins both runs to the session; the first of them is the receiver', async () => {
    const carrier = await triage.carrier('twice', 'billing');
    const first = await billing.post(carrier);
    const second = await billing.post(carrier);
    expect([first.ran.sessionId, second.ran.sessionId]).toEqual(['twice', 'twice']);
    const timeline = await allFlushed('twice');
    expect(timeline.handoffs.map(({ receiver: run }) => run?.runId)).toEqual([first.ran.id]);
    expect(outline(timeline)).toEqual([
      'run triage',
      '  handoff triage → billing accepted',
      '  run billing',
      '  run billing',
    ]);
  });

  it('of an agent that is not sampled leaves the receiver to its own sampler, in the session', async () => {
    const unsampled = await AgentProcess.start('triage', receiver.url, { OTEL_TRACES_SAMPLER: 'always_off' });
    const parentBased = await AgentProcess.start('billing', receiver.url);
    const always = await AgentProcess.start('billing', receiver.url, { OTEL_TRACES_SAMPLER: 'always_on' });
    try {
      const carrier = await unsampled.carrier('unsampled', 'billing');
      expect((await parentBased.post(carrier)).ran.sessionId).toBe('unsampled');
      await parentBased.flush();
      expect(received('unsampled')).toEqual([]);
      await always.post(carrier);
      await always.flush();
      expect(outline(told('unsampled'))).toEqual(['run billing']);
      expect(await Promise.all([parentBased.warnings(), always.warnings()])).toEqual([[], []]);
    } finally {
      await Promise.all([unsampled, parentBased, always].map((agent) => agent.stop()));
    }
  });

  it('that is cut or forged costs one warning and nothing else; one of a newer version is read', async () => {
    const carrier = await triage.carrier('odd', 'billing');
    const { traceparent = '', 'baton-handoff': handoff = '' } = carrier;
    const runs = new Map<string, string>();
    const odd: Readonly<Record<string, unknown>> = {
      'null instead of one': null,
      'an empty one': {},
      'a text': JSON.stringify(carrier),
      'cut in the handoff': { ...carrier, 'baton-handoff': handoff.slice(0, 40) },
      'cut in the traceparent': { ...carrier, traceparent: traceparent.slice(0, 40) },
      forged: { ...carrier, traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` },
    };
    const read: Readonly<Record<string, unknown>> = {
      'none at all': undefined,
      'of a stranger': { traceparent },
      newer: { ...carrier, traceparent: `01${traceparent.slice(2)}-more`, 'baton-more': '1' },
    };
    for (const [which, sent] of Object.entries({ ...odd, ...read })) {
      const before = (await billing.counts()).invalid_carrier ?? 0;
      const { ran } = await billing.post(sent, { answer: 'silent' });
      const after = (await billing.counts()).invalid_carrier ?? 0;
      expect([which, after - before]).toEqual([which, which in odd ? 1 : 0]);
      runs.set(which, ran.id);
    }
    // The first of each code is told, all are counted.
    expect(await billing.warnings()).toEqual(['invalid_carrier']);
    await billing.flush();
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    const parentOf = (which: string): string | undefined =>
      spans.find(({ spanId }) => runs.get(which)?.includes(spanId))?.parentSpanId;
    for (const which of ['none at all', ...Object.keys(odd)])
      expect([which, parentOf(which)]).toEqual([which, undefined]);
    for (const which of ['of a stranger', 'newer']) expect(parentOf(which)).toBe(traceparent.slice(36, 52));
    const timeline = await allFlushed('odd');
    expect(timeline.handoffs.map(({ receiver: run }) => run?.runId)).toEqual([runs.get('newer')]);
  });
});
