import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();
let baton: Baton;

beforeEach(() => {
  baton = recording.client({ agent: 'crawler' });
});

function run(): ReadableSpan {
  return recording.spans().find(({ name }) => name.startsWith('invoke_agent')) as ReadableSpan;
}

function count(name: string): number {
  return run().events.filter((event) => event.name === name).length;
}

describe('a span with more events than its provider keeps', () => {
  it('has its errors and its handoffs all the same, and says how much progress was left out', () => {
    expect(() =>
      baton.withRun({}, () => {
        baton.captureError({ error: new Error('the first page was missing') });
        for (let page = 1; page <= 300; page++) baton.track({ type: 'page', payload: { page } });
        baton.captureError({ error: new Error('the last page was missing') });
        const { id } = baton.trackHandoffRequested({ target: 'printer' });
        baton.trackHandoffRejected({ handoffId: id });
        throw new TypeError('no paper');
      }),
    ).toThrow('no paper');
    expect([count('exception'), count('baton.handoff.rejected'), run().droppedEventsCount]).toEqual([3, 1, 0]);
    expect(run().attributes['baton.events_dropped']).toBe(300 - count('page'));
    expect(count('page')).toBeGreaterThan(90);
    expect(baton.warnings()).toEqual({ too_many_events: 300 - count('page') });
  });

  it('has the error that ended it, however many were dealt with', () => {
    expect(() =>
      baton.withRun({}, () => {
        for (let page = 1; page <= 300; page++) baton.captureError({ error: new Error(`page ${page}`) });
        throw new TypeError('no paper');
      }),
    ).toThrow('no paper');
    expect(run().events.at(-1)?.attributes?.['exception.message']).toBe('no paper');
    expect(run().attributes['baton.events_dropped']).toBe(300 - (count('exception') - 1));
  });

  it.each([0, 1, 4, 10])('keeps to a limit of %i', async (eventCountLimit) => {
    await recording.startAgain({ spanLimits: { eventCountLimit } });
    baton.withRun({}, () => {
      for (let page = 1; page <= 20; page++) baton.track({ type: 'page' });
      baton.captureError({ error: new Error('missing') });
    });
    expect(run().droppedEventsCount).toBe(0);
    expect(run().events.length + Number(run().attributes['baton.events_dropped'])).toBe(21);
  });

  it('counts what others wrote there as well', () => {
    baton.withRun({}, (handle) => {
      const { span } = handle as unknown as { span: ReadableSpan & { addEvent(name: string): void } };
      for (let index = 0; index < 100; index++) span.addEvent('gen_ai.message');
      baton.track({ type: 'page' });
      baton.captureError({ error: new Error('missing') });
    });
    expect([count('gen_ai.message'), count('page'), count('exception')]).toEqual([100, 0, 1]);
  });

  it('is as much a session whose span comes at its end', () => {
    baton.withSession({ trace: 'per-run' }, () => {
      baton.captureError({ error: new Error('missing') });
      for (let page = 1; page <= 300; page++) baton.track({ type: 'page' });
    });
    const session = recording.spans().at(-1);
    expect(session?.events.filter(({ name }) => name === 'exception')).toHaveLength(1);
    expect(session?.attributes['baton.events_dropped']).toBe(301 - (session?.events.length ?? 0));
  });
});
