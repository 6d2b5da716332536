import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildTimelines, type RecordedSpan, renderJson, renderText, type SessionTimeline } from '../../src/replay.ts';
import { outline } from './outline.ts';
import { at, event, picksUp, Recording } from './recording.ts';

const MS = 1_000_000n;

/** The spans as a process recorded them whose clock is off by so many milliseconds. */
function by(process: number, offMs: number, ...spans: readonly RecordedSpan[]): RecordedSpan[] {
  const off = BigInt(Math.round(offMs * 1e6));
  return spans.map((span) => ({
    ...span,
    startUnixNano: span.startUnixNano + off,
    endUnixNano: span.endUnixNano + off,
    events: span.events.map((one) => ({ ...one, timeUnixNano: one.timeUnixNano + off })),
    resource: { 'host.name': 'h', 'process.pid': process },
  }));
}

/** Triage (process 1) asks billing (process 2), which asks audit (process 3). */
function chain(billingOffMs: number, auditOffMs: number): RecordedSpan[] {
  const recording = new Recording();
  const session = recording.session([0, 100]);
  const triage = recording.run(session, 'Triage', [1, 99]);
  const toBilling = recording.handoff(triage, 'billing', [10, 21]);
  const billing = recording.run(triage, 'Billing', [20, 80], {
    ...picksUp(toBilling),
    events: [event('refund.checked', 25)],
  });
  const accepted = recording.answer(toBilling, 'accepted', 'billing', 20);
  const tool = recording.tool(billing, 'issue_refund', [30, 35]);
  const toAudit = recording.handoff(billing, 'audit', [40, 51]);
  const audit = recording.run(billing, 'Audit', [50, 70], picksUp(toAudit));
  const agreed = recording.answer(toAudit, 'accepted', 'audit', 50);
  return [
    ...by(1, 0, session, triage, toBilling),
    ...by(2, billingOffMs, billing, accepted, tool, toAudit),
    ...by(3, auditOffMs, audit, agreed),
  ];
}

function only(spans: readonly RecordedSpan[]): SessionTimeline {
  const timelines = buildTimelines(spans);
  expect(timelines).toHaveLength(1);
  return timelines[0] as SessionTimeline;
}

const STORY = [
  'run Triage',
  '  handoff Triage → Billing accepted',
  '  run Billing',
  '    tool issue_refund',
  '    handoff Billing → Audit accepted',
  '    run Audit',
];

describe('a session of several processes', () => {
  it('is one timeline in the order of time, whatever traces it is spread over', () => {
    const parts = ['a', 'b', 'c'].map((letter) => new Recording('S-1', letter.repeat(32)));
    const [first, second, third] = parts as [Recording, Recording, Recording];
    const triage = first.run(undefined, 'Triage', [0, 10]);
    const handoff = first.handoff(triage, 'billing', [5, 500]);
    third.run(undefined, 'Audit', [900, 950]);
    second.run(undefined, 'Billing', [500, 600], picksUp(handoff));
    const spans = [...by(3, 0, ...third.spans), ...by(2, 0, ...second.spans), ...by(1, 0, ...first.spans)];
    const timeline = only(spans);
    expect(outline(timeline)).toEqual([
      'run Triage',
      '  handoff Triage → Billing requested',
      'run Billing',
      'run Audit',
    ]);
    expect(timeline.traceIds).toEqual(['a', 'b', 'c'].map((letter) => letter.repeat(32)));
    expect(timeline.clockSkews).toBeUndefined();
  });

  it('is told as it was recorded where the clocks agree', () => {
    const spans = chain(0, 0);
    const timeline = only(spans);
    expect(outline(timeline)).toEqual(STORY);
    expect(timeline.clockSkews).toBeUndefined();
    const oneProcess = only(spans.map((span) => ({ ...span, resource: {} })));
    expect(renderJson([timeline])).toBe(renderJson([oneProcess]));
  });

  it('does not mind a clock that is ahead: nothing says that it is not a long wait', () => {
    const timeline = only(chain(30_000, 30_000));
    expect(outline(timeline)).toEqual(STORY);
    expect(timeline.clockSkews).toBeUndefined();
  });
});

describe('a clock that is behind', () => {
  it('is moved on until effects follow their causes, with all that was recorded there, and told in one line', () => {
    const timeline = only(chain(-30_000, 0));
    expect(outline(timeline)).toEqual(STORY);
    // 10 ms of waiting are not to be seen from outside.
    expect(timeline.clockSkews).toEqual([{ clock: 'Billing', than: 'Triage', behindMs: 29_990.001 }]);
    expect(renderText(timeline, { width: 120 })).toContain(
      '  clock  of Billing is about 30s behind that of Triage; its times are moved on\n',
    );
    const billing = timeline.entries[0]?.children[1];
    expect(billing).toMatchObject({ offsetMs: 10.001, durationMs: 60, events: [{ offsetMs: 15.001 }] });
    expect(billing?.children[0]).toMatchObject({ type: 'tool', offsetMs: 20.001 });
    expect(timeline.startUnixMs).toBe(Number(at(0) / MS));
    expect(timeline.handoffs[0]).toMatchObject({ answers: [{ offsetMs: 10.001 }], status: 'accepted' });
    expect(timeline.statistics.path).toBe('Triage → Billing → Audit');
  });

  it('is named after the process and host where agents have one name', () => {
    const recording = new Recording();
    const first = recording.run(undefined, 'Desk', [0, 100]);
    const second = recording.run(first, 'Desk', [10, 50]);
    const { clockSkews } = only([...by(1, 0, first), ...by(2, -5_000, second)]);
    expect(clockSkews).toEqual([{ clock: 'Desk (h/2)', than: 'Desk (h/1)', behindMs: 4_990.001 }]);
  });

  it('is one more for each process behind it, all against the one that is right', () => {
    const { clockSkews, ...timeline } = only(chain(-30_000, -20_000));
    expect(clockSkews).toEqual([
      { clock: 'Billing', than: 'Triage', behindMs: 29_990.001 },
      { clock: 'Audit', than: 'Triage', behindMs: 19_980.002 },
    ]);
    expect(outline(timeline as SessionTimeline)).toEqual(STORY);
  });

  it('by some milliseconds, as machines are, is put right without a word', () => {
    const timeline = only(chain(-15, 0));
    expect(outline(timeline)).toEqual(STORY);
    expect(timeline.clockSkews).toBeUndefined();
  });

  it('is noticed by the handoff alone, where the run hangs in a trace of its own', () => {
    const [sender, receiver] = ['a', 'b'].map((letter) => new Recording('S-1', letter.repeat(32)));
    const triage = (sender as Recording).run(undefined, 'Triage', [0, 10]);
    const handoff = (sender as Recording).handoff(triage, 'billing', [5, 500]);
    const billing = (receiver as Recording).run(undefined, 'Billing', [400, 600], picksUp(handoff));
    const timeline = only([...by(1, 0, triage, handoff), ...by(2, -60_000, billing)]);
    expect(outline(timeline)).toEqual(['run Triage', '  handoff Triage → Billing requested', 'run Billing']);
    expect(timeline.clockSkews).toHaveLength(1);
    expect(renderText(timeline, { width: 120 })).toContain('of Billing is about 1m 00s behind that of Triage');
  });

  it('that is set in between contradicts itself: each effect follows its cause all the same', () => {
    const recording = new Recording();
    const triage = recording.run(undefined, 'Triage', [0, 200]);
    const ask = recording.handoff(triage, 'billing', [10, 20]);
    const early = recording.run(triage, 'Billing', [20, 30], picksUp(ask));
    const tool = recording.tool(early, 'look_up', [22, 24]);
    // By now its clock is right; moved on like the rest, this would come after what it led to.
    const late = recording.run(triage, 'Billing', [100, 150]);
    const back = recording.handoff(late, 'triage', [110, 120]);
    const again = recording.run(late, 'Triage', [120, 130], picksUp(back));
    const timeline = only([...by(1, 0, triage, ask, again), ...by(2, -30_000, early, tool), ...by(2, 0, late, back)]);
    expect(outline(timeline)).toEqual([
      'run Triage',
      '  handoff Triage → Billing requested',
      '  run Billing',
      '    tool look_up',
      '  run Billing',
      '    handoff Billing → Triage requested',
      '    run Triage',
    ]);
    expect(timeline.clockSkews).toEqual([{ clock: 'Billing', than: 'Triage', behindMs: 29_990.001 }]);
    expect(timeline.durationMs).toBe(200);
  });

  it('whatever clocks are off by, tells causes first and loses no span', () => {
    const off = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(off, off, fc.array(fc.nat(6), { maxLength: 3 }), (billing, audit, lost) => {
        const spans = chain(billing, audit);
        const timeline = only(spans);
        expect(outline(timeline)).toEqual(STORY);
        const rest = spans.filter((_, index) => !lost.includes(index));
        const told = only(rest);
        expect(told.spanCount).toBe(rest.length);
        expect(renderJson([told])).toBe(renderJson([only([...rest].reverse())]));
      }),
      { numRuns: 100 },
    );
  });
});
