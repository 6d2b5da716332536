import { expect, it } from '@jest/globals';
import { buildTimelines, readOtlpJson, renderJson, renderSessions } from '../../src/replay.ts';

const SECRET = 'hunter2hunter2Zq';

function attribute(key: string, value: unknown): object {
  return { key, value };
}

it('shows no secret of a recording that somebody else made', () => {
  const spans = [
    {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      name: `GET https://ada:${SECRET}@example.com/`,
      kind: 1,
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000001000000000',
      attributes: [
        attribute('session.id', { stringValue: 'S-1' }),
        attribute('baton.session.kind', { stringValue: 'pipeline' }),
        attribute('baton.metadata.db_password', { stringValue: SECRET }),
        attribute('baton.metadata.note', { stringValue: `password=${SECRET}` }),
        attribute('baton.metadata.nested', {
          kvlistValue: { values: [attribute('apiKey', { stringValue: SECRET })] },
        }),
        attribute('baton.metadata.total_tokens', { intValue: '12' }),
      ],
      events: [
        {
          name: 'note',
          timeUnixNano: '1700000000500000000',
          attributes: [attribute('baton.metadata.token', { stringValue: SECRET })],
        },
      ],
      status: { code: 2, message: `Bearer ${SECRET}` },
    },
  ];
  const { spans: read } = readOtlpJson(
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'x' }, spans }] }] }),
  );
  const timelines = buildTimelines(read);
  expect(timelines).toHaveLength(1);
  for (const told of [renderSessions(timelines), renderJson(timelines)]) {
    expect(told).not.toContain(SECRET);
    expect(told).toContain('S-1');
    expect(told).toContain('[REDACTED]');
  }
  expect(timelines[0]?.metadata).toMatchObject({ total_tokens: 12 });
});
