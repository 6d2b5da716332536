import { describe, expect, it } from '@jest/globals';
import { buildTimelines, type RecordedSpan, type ReplayedHandoff, type SessionTimeline } from '../../src/replay.ts';
import { outline } from './outline.ts';
import { event, picksUp, Recording, without } from './recording.ts';

function timelineOf(spans: readonly RecordedSpan[]): SessionTimeline {
  return buildTimelines(spans)[0] as SessionTimeline;
}

function handoffsOf(spans: readonly RecordedSpan[]): readonly ReplayedHandoff[] {
  return timelineOf(spans).handoffs;
}

/** A receptionist who hands over, one after the other; each answer is a status, or none. */
function reception(...handoffs: readonly (readonly [target: string, ...statuses: string[]])[]) {
  const recording = new Recording();
  const source = recording.run(recording.session([0, 1000]), 'Receptionist', [1, 999]);
  for (const [index, [target, ...statuses]] of handoffs.entries()) {
    const start = 10 + index * 100;
    const handoff = recording.handoff(source, target.toLowerCase(), [start, start + 20]);
    if (statuses[0] !== undefined && statuses[0] !== 'rejected') {
      recording.run(source, target, [start + 10, start + 90], picksUp(handoff));
    }
    for (const [place, status] of statuses.entries()) {
      recording.answer(handoff, status, target.toLowerCase(), start + 20 + place * 60);
    }
  }
  return recording.spans;
}

describe('where a handoff stands', () => {
  it.each([
    [[], 'requested'],
    [['accepted'], 'accepted'],
    [['accepted', 'completed'], 'completed'],
    [['accepted', 'returned'], 'returned'],
    [['accepted', 'failed'], 'failed'],
    [['rejected'], 'rejected'],
  ])('after the answers %j is %s, whatever the request said when it ended', (statuses, expected) => {
    const [handoff] = handoffsOf(reception(['Billing', ...statuses]));
    expect(handoff?.status).toBe(expected);
    expect(handoff?.answers.map(({ status }) => status)).toEqual(statuses);
  });

  it('is what the request says, when no answer was recorded', () => {
    const recording = new Recording();
    const run = recording.run(undefined, 'Receptionist', [0, 99]);
    recording.handoff(run, 'billing', [1, 9], { attributes: { 'baton.handoff.status': 'expired' } });
    expect(handoffsOf(recording.spans)).toMatchObject([{ status: 'expired', waitMs: 8, answers: [] }]);
  });

  it('follows the later words of the run that took over, which are events', () => {
    const recording = new Recording();
    const source = recording.run(undefined, 'Receptionist', [0, 999]);
    const handoff = recording.handoff(source, 'tech', [10, 30], { attributes: { 'baton.handoff.status': 'accepted' } });
    const id = handoff.attributes['baton.handoff.id'];
    const { attributes, links } = picksUp(handoff);
    recording.run(source, 'Tech', [20, 500], {
      links,
      attributes: { ...attributes, 'baton.handoff.status': 'returned' },
      events: [
        event('baton.handoff.returned', 400, { 'baton.handoff.id': id, 'baton.handoff.reason': 'not technical' }),
        event('baton.handoff.accepted', 30, { 'baton.handoff.id': id }),
      ],
    });
    recording.answer(handoff, 'accepted', 'tech', 29, { attributes: { 'baton.handoff.wait_ms': 19 } });
    const timeline = timelineOf(recording.spans);
    expect(timeline.handoffs).toMatchObject([
      {
        status: 'returned',
        waitMs: 19,
        answers: [
          { status: 'accepted', afterMs: 19, agent: { key: 'tech', name: 'Tech' } },
          { status: 'returned', afterMs: 390, agent: { key: 'tech', name: 'Tech' }, reason: 'not technical' },
        ],
      },
    ]);
    expect(timeline.statistics.path).toBe('Receptionist → Tech → Receptionist');
    expect(timeline.entries[0]?.children[1]?.events).toEqual([]);
  });

  it('is what the run that took over bears, where its events and the answer were lost', () => {
    const recording = new Recording();
    const source = recording.run(undefined, 'Receptionist', [0, 999]);
    const handoff = recording.handoff(source, 'tech', [10, 30], { attributes: { 'baton.handoff.status': 'accepted' } });
    const { attributes, links } = picksUp(handoff);
    recording.run(source, 'Tech', [20, 500], {
      links,
      attributes: { ...attributes, 'baton.handoff.status': 'returned' },
    });
    expect(handoffsOf(recording.spans)).toMatchObject([{ status: 'returned', answers: [] }]);
  });

  it('says why it failed', () => {
    const recording = new Recording();
    const handoff = recording.handoff(recording.run(undefined, 'Receptionist', [0, 99]), 'billing', [1, 9]);
    recording.answer(handoff, 'failed', 'billing', 8, {
      error: 'queue is full',
      attributes: { 'error.type': 'QueueError' },
    });
    expect(timelineOf(recording.spans)).toMatchObject({
      handoffs: [{ status: 'failed', error: { type: 'QueueError', message: 'queue is full' } }],
      failures: [{ name: 'handoff billing', type: 'QueueError', message: 'queue is full' }],
    });
  });
});

describe('who took over', () => {
  const parts = () => {
    const recording = new Recording();
    const source = recording.run(undefined, 'Receptionist', [0, 99]);
    const handoff = recording.handoff(source, undefined, [1, 9]);
    return { recording, source, handoff, pickUp: picksUp(handoff) };
  };
  const receiver = { runId: expect.any(String), agent: { key: 'billing', name: 'Billing' } };

  it('is known by the link of the run', () => {
    const { recording, source, handoff, pickUp } = parts();
    recording.run(source, 'Billing', [5, 50], { links: pickUp.links });
    expect(handoffsOf(recording.spans)).toMatchObject([{ target: { name: 'Billing' }, receiver }]);
    expect(handoff.attributes['baton.handoff.target']).toBeUndefined();
  });

  it('is known by the link even where a backend lost its attributes', () => {
    const { recording, source, handoff } = parts();
    const { traceId, spanId } = handoff;
    recording.run(source, 'Billing', [5, 50], { links: [{ traceId, spanId, attributes: {} }] });
    expect(handoffsOf(recording.spans)).toMatchObject([{ receiver }]);
  });

  it('is known by the id that the run repeats', () => {
    const { recording, source, pickUp } = parts();
    recording.run(source, 'Billing', [5, 50], { attributes: pickUp.attributes ?? {} });
    expect(handoffsOf(recording.spans)).toMatchObject([{ receiver }]);
  });

  it('is known by the run that the answer names', () => {
    const { recording, source, handoff } = parts();
    const run = recording.run(source, 'Billing', [5, 50]);
    recording.answer(handoff, 'accepted', 'billing', 9, {
      attributes: { 'baton.run.id': run.attributes['baton.run.id'] },
    });
    expect(handoffsOf(recording.spans)).toMatchObject([{ receiver }]);
  });

  it('is the agent of the run, where the target was the key of its step', () => {
    const recording = new Recording();
    const source = recording.run(undefined, 'Receptionist', [0, 99]);
    const handoff = recording.handoff(source, 'refund-desk', [1, 9]);
    const { attributes, links } = picksUp(handoff);
    recording.run(source, 'Billing', [5, 50], {
      links,
      attributes: { ...attributes, 'baton.step.key': 'refund-desk' },
    });
    expect(handoffsOf(recording.spans)).toMatchObject([{ target: { key: 'billing', name: 'Billing' } }]);
  });

  it('is not the source that takes its work back', () => {
    const { recording, source, handoff } = parts();
    const { traceId, spanId } = handoff;
    recording.run(source, 'Other', [5, 50], {
      links: [{ traceId, spanId, attributes: { 'baton.link.type': 'return' } }],
    });
    expect(handoffsOf(recording.spans)[0]?.receiver).toBeUndefined();
  });
});

describe('a handoff of which a piece was lost', () => {
  function pieces() {
    const recording = new Recording();
    const source = recording.run(undefined, 'Receptionist', [0, 99]);
    const request = recording.handoff(source, 'billing', [1, 9]);
    const { attributes, links } = picksUp(request);
    const run = recording.run(source, 'Billing', [5, 50], { attributes: attributes ?? {}, links });
    const answer = recording.answer(request, 'accepted', 'billing', 8);
    return { spans: recording.spans, request, run, answer };
  }

  it('is told from its answer and its run, next to the run, when the request was lost', () => {
    const { spans, request } = pieces();
    expect(outline(timelineOf(without(spans, request)))).toEqual([
      'run Receptionist',
      '  handoff Receptionist → Billing accepted',
      '  run Billing',
    ]);
  });

  it('is told from the run alone', () => {
    const { spans, request, answer } = pieces();
    expect(outline(timelineOf(without(spans, request, answer)))).toEqual([
      'run Receptionist',
      '  handoff Receptionist → Billing accepted',
      '  run Billing',
    ]);
  });

  it('is told from the answer alone, by keys', () => {
    const { answer } = pieces();
    expect(outline(timelineOf([answer]))).toEqual(['handoff receptionist → billing accepted']);
  });
});

describe('the path of the handoffs', () => {
  it.each([
    ['none: the first agent', [], 'Receptionist', false],
    ['one', [['Tech', 'accepted']], 'Receptionist → Tech', false],
    [
      'a fan-out: a chain each',
      [
        ['Tech', 'accepted'],
        ['Order', 'accepted', 'completed'],
      ],
      'Receptionist → Tech, Receptionist → Order',
      false,
    ],
    [
      'a return and a second try',
      [
        ['Tech', 'accepted', 'returned'],
        ['Billing', 'accepted'],
      ],
      'Receptionist → Tech → Receptionist → Billing',
      false,
    ],
    [
      'a loop',
      [
        ['Tech', 'accepted', 'returned'],
        ['Tech', 'accepted', 'returned'],
      ],
      'Receptionist → Tech → Receptionist → Tech → Receptionist',
      true,
    ],
    [
      'the same worker twice is no loop',
      [
        ['Tech', 'accepted', 'completed'],
        ['Tech', 'accepted', 'completed'],
      ],
      'Receptionist → Tech, Receptionist → Tech',
      false,
    ],
    ['nobody answered', [['Tech']], 'Receptionist', false],
    ['it was rejected', [['Tech', 'rejected']], 'Receptionist', false],
  ] as const)('%s', (_case, handoffs, path, loop) => {
    expect(timelineOf(reception(...handoffs)).statistics).toMatchObject({ count: handoffs.length, path, loop });
  });

  it('goes from worker to worker', () => {
    const recording = new Recording();
    const first = recording.run(undefined, 'Receptionist', [0, 99]);
    const toOrder = recording.handoff(first, 'order', [1, 5]);
    const order = recording.run(first, 'Order', [4, 90], picksUp(toOrder));
    recording.answer(toOrder, 'accepted', 'order', 5);
    const toBilling = recording.handoff(order, 'billing', [10, 15]);
    recording.run(order, 'Billing', [14, 80], picksUp(toBilling));
    recording.answer(toBilling, 'accepted', 'billing', 15);
    expect(timelineOf(recording.spans).statistics).toMatchObject({
      path: 'Receptionist → Order → Billing',
      byStatus: { accepted: 2 },
      agents: [{ name: 'Receptionist' }, { name: 'Order' }, { name: 'Billing' }],
    });
  });

  it('is empty where nobody ran', () => {
    const recording = new Recording();
    recording.session([0, 1]);
    expect(timelineOf(recording.spans).statistics).toEqual({
      count: 0,
      byStatus: {},
      path: '',
      chains: [],
      agents: [],
      loop: false,
    });
  });

  it('counts each status, and everybody who ran, asked or answered', () => {
    const spans = reception(
      ['Tech', 'accepted', 'returned'],
      ['Order', 'rejected'],
      ['Billing', 'accepted'],
      ['Legal'],
    );
    const { byStatus, agents } = timelineOf(spans).statistics;
    expect(byStatus).toEqual({ returned: 1, rejected: 1, accepted: 1, requested: 1 });
    expect(agents.map(({ name }) => name)).toEqual(['Receptionist', 'Tech', 'Billing', 'order']);
  });

  it('is a loop when the session noted one', () => {
    const recording = new Recording();
    recording.run(recording.session([0, 9], { 'baton.handoff.loop': true }), 'Receptionist', [1, 8]);
    expect(timelineOf(recording.spans).statistics.loop).toBe(true);
  });
});
