import { expect, it } from '@jest/globals';
import { Baton } from '../../src/index.ts';
import { buildTimelines, readFinishedSpans, renderText } from '../../src/replay.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();

it('tells of the events that Baton left out so that an error outlives them', () => {
  const baton = new Baton({ agent: 'a' });
  baton.withSession({ kind: 'pipeline' }, () =>
    baton.withRun({ agent: 'crawler' }, () => {
      baton.captureError({ error: new Error('the first page was missing') });
      for (let page = 1; page <= 300; page++) baton.track({ type: 'page', payload: { page } });
    }),
  );
  const [timeline] = buildTimelines(readFinishedSpans(recording.spans()));
  if (!timeline) throw new Error('no session');
  const kept = recording.spans().find(({ name }) => name === 'invoke_agent crawler')?.events.length ?? 0;
  expect(timeline.dropped).toEqual({ attributes: 0, events: 301 - kept, links: 0 });
  const text = renderText(timeline, { width: 100 });
  expect(text).toContain('first page');
  expect(text).toContain(`${301 - kept} events were dropped by the SDK's limits`);
});

it('tells of a tool call that was broken off', () => {
  const baton = new Baton({ agent: 'a' });
  baton.withSession({ kind: 'pipeline' }, () =>
    baton.withRun({}, () => {
      try {
        baton.withTool({ tool: 'read_aloud' }, () => {
          throw new DOMException('stopped', 'AbortError');
        });
      } catch {}
    }),
  );
  const [timeline] = buildTimelines(readFinishedSpans(recording.spans()));
  expect(timeline && renderText(timeline, { width: 100 })).toMatch(/tool read_aloud .*cancelled/);
});
