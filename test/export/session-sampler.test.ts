import { afterEach, describe, expect, it } from '@jest/globals';
import { type Context, propagation, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { type SessionSampler, sessionSampler } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';
import { Recording } from '../support/recording.ts';

const recording = new Recording();

afterEach(() => recording.stop());

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = TraceFlags.SAMPLED;
const NOT_SAMPLED = TraceFlags.NONE;

function below(traceFlags: TraceFlags, isRemote = false): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: 'b7ad6b7169203331', traceFlags, isRemote });
}

function ask(sampler: SessionSampler, session: string | undefined, context = ROOT_CONTEXT, traceId = TRACE) {
  const attributes = session === undefined ? {} : { 'session.id': session };
  return sampler.shouldSample(context, traceId, 'a span', SpanKind.INTERNAL, attributes, []);
}

const keeps = (...asked: Parameters<typeof ask>): boolean => ask(...asked).decision === 2;

describe('the session sampler', () => {
  it('keeps about the share that is asked for, of ids that differ in their last digits alone', () => {
    for (const ratio of [0.01, 0.1, 0.5, 0.9]) {
      const sampler = sessionSampler({ ratio });
      const kept = Array.from({ length: 20_000 }, (_, index) => keeps(sampler, `ticket-${index}`));
      expect(Math.abs(kept.filter(Boolean).length / kept.length - ratio)).toBeLessThan(0.012);
    }
  });

  it('decides the same in every release: processes must agree', () => {
    const sampler = sessionSampler({ ratio: 0.5 });
    const ids = ['a', 'ticket-1', 'ticket-2', 'ticket-3', 'SUP-123', '507db349-85e5-4a24-8401-e574e67ca28c', 'größer'];
    expect(ids.map((id) => keeps(sampler, id))).toEqual([true, false, true, false, true, true, true]);
  });

  it('decides by the session alone, and a larger share keeps what a smaller one kept', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (id, ratio) => {
        const kept = keeps(sessionSampler({ ratio }), id);
        expect(keeps(sessionSampler({ ratio }), id, ROOT_CONTEXT, 'f'.repeat(32))).toBe(kept);
        if (kept) expect(keeps(sessionSampler({ ratio: Math.min(1, ratio * 1.5) }), id)).toBe(true);
        expect(keeps(sessionSampler({ ratio: 0 }), id)).toBe(false);
        expect(keeps(sessionSampler({ ratio: 1 }), id)).toBe(true);
      }),
    );
  });

  it('keeps what is below a sampled span, and a session of its share below one that is not', () => {
    const none = sessionSampler({ ratio: 0 });
    const all = sessionSampler({ ratio: 1 });
    for (const remote of [false, true]) {
      expect(keeps(none, 'ticket-1', below(SAMPLED, remote))).toBe(true);
      expect(keeps(none, undefined, below(SAMPLED, remote))).toBe(true);
      expect(keeps(all, 'ticket-1', below(NOT_SAMPLED, remote))).toBe(true);
      expect(keeps(all, undefined, below(NOT_SAMPLED, remote))).toBe(false);
    }
  });

  it('goes by the session in the baggage, else by the trace id, where a span names none', () => {
    const sampler = sessionSampler({ ratio: 0.5 });
    const carrying = (id: string): Context =>
      propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ 'session.id': { value: id } }));
    expect(keeps(sampler, undefined, carrying('ticket-1'))).toBe(keeps(sampler, 'ticket-1'));
    expect(keeps(sampler, undefined, carrying('ticket-2'))).toBe(keeps(sampler, 'ticket-2'));
    const kept = Array.from({ length: 2_000 }, (_, index) =>
      keeps(sampler, undefined, ROOT_CONTEXT, index.toString(16).padStart(32, '0')),
    );
    expect(Math.abs(kept.filter(Boolean).length / kept.length - 0.5)).toBeLessThan(0.05);
  });

  it('marks where a trace enters the process, and drops nothing, when a tail sampler does', () => {
    const sampler = sessionSampler({ ratio: 0.5, tail: true });
    const mark = (...asked: [string | undefined, Context?]) => ask(sampler, ...asked).attributes;
    expect(mark('ticket-2')).toEqual({ 'baton.session.sampled': true });
    expect(mark('ticket-1')).toEqual({ 'baton.session.sampled': false });
    expect(mark('ticket-1', below(SAMPLED, true))).toEqual({ 'baton.session.sampled': false });
    expect(mark('ticket-1', below(SAMPLED))).toBeUndefined();
    expect(ask(sampler, 'ticket-1').decision).toBe(2);
  });

  it('keeps all traces of a session or none, in a real provider', async () => {
    recording.start({ sampler: sessionSampler({ ratio: 0.5 }) });
    const baton = new Baton({ agent: 'triage' });
    for (const id of ['SUP-123', 'ticket-1', 'ticket-2', 'ticket-3']) {
      baton.withSession({ id }, () => baton.withRun({}, () => {}));
      // In a trace of its own.
      baton.withRun({ sessionId: id, agent: 'later' }, () => {});
    }
    expect(recording.tree(['session.id'])).toBe(
      `
invoke_workflow {session.id=SUP-123}
  invoke_agent triage {session.id=SUP-123}
invoke_agent later {session.id=SUP-123}
invoke_workflow {session.id=ticket-2}
  invoke_agent triage {session.id=ticket-2}
invoke_agent later {session.id=ticket-2}
`.trim(),
    );
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [-0.1, '-0.1'],
    [10, '10'],
    [Number.NaN, 'NaN'],
    ['0.1', '"0.1"'],
  ])('refuses %p as a share', (ratio, given) => {
    expect(() => sessionSampler({ ratio: ratio as number })).toThrow(
      `ratio: expected a number from 0 to 1, got ${given} [invalid_option]`,
    );
  });

  it('says what it is', () => {
    expect(String(sessionSampler({ ratio: 0.1 }))).toBe('SessionSampler{0.1}');
    expect(String(sessionSampler({ ratio: 0.1, tail: true }))).toBe('SessionSampler{0.1, tail}');
  });
});
