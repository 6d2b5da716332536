import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readOtlpJson } from '../../src/replay.ts';
import { toOtlpLine } from './otlp-request.ts';
import { Recording } from './recording.ts';

const PIPELINE = readFileSync(new URL('../fixtures/otlp/pipeline-001-by-hand.otlp.json', import.meta.url), 'utf8');

function oneSpan(sessionId: string): string {
  const recording = new Recording(sessionId);
  recording.session([0, 10]);
  return toOtlpLine(recording.spans);
}

function spanWith(fields: object): string {
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'x', startTimeUnixNano: '1000', ...fields };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}

function readValue(value: object): unknown {
  const { spans } = readOtlpJson(spanWith({ attributes: [{ key: 'k', value }] }));
  return spans[0]?.attributes.k;
}

describe('reading OTLP/JSON', () => {
  it('reads a whole export request, each span with its resource and scope', () => {
    const { spans, problems } = readOtlpJson(PIPELINE);
    expect(problems).toEqual([]);
    expect(spans.map(({ name, kind, resource }) => [name, kind, resource['service.name']])).toEqual([
      ['invoke_workflow pipeline', 'internal', 'support-escalation'],
      ['invoke_agent Support Ops Orchestrator', 'internal', 'support-ops-orchestrator'],
      ['run_step triage-ticket', 'internal', 'support-ops-orchestrator'],
      ['handoff response-worker', 'producer', 'support-ops-orchestrator'],
      ['invoke_agent Response worker', 'internal', 'response-worker'],
      ['accept_handoff support-ops-orchestrator', 'consumer', 'response-worker'],
      ['execute_tool support.compose_reply', 'internal', 'response-worker'],
    ]);
    expect(spans[5]).toEqual({
      traceId: '6d1f0c2a9b3e4f5061728394a5b6c7d8',
      spanId: 'd20c7f4b96a8e135',
      parentSpanId: 'a94d06f1e3827c5b',
      name: 'accept_handoff support-ops-orchestrator',
      kind: 'consumer',
      startUnixNano: 1795251600699900000n,
      endUnixNano: 1795251600699950000n,
      attributes: {
        'session.id': 'SUP-123',
        'baton.agent.key': 'response-worker',
        'baton.run.id': '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-37e5b8c20d91f64a-01',
        'baton.handoff.id': '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-a94d06f1e3827c5b-01',
        'baton.handoff.source': 'support-ops-orchestrator',
        'baton.handoff.target': 'response-worker',
        'baton.handoff.status': 'accepted',
        'baton.handoff.wait_ms': 90,
      },
      events: [],
      links: [],
      status: { code: 'unset' },
      resource: {
        'service.name': 'response-worker',
        'service.namespace': 'support-escalation',
        'service.instance.id': 'i1',
        'host.name': 'worker-1',
      },
      scope: 'otel-baton',
    });
  });

  it('reads what Jaeger answers, a list of requests, and one request per line alike', () => {
    const request = oneSpan('S-1');
    const expected = readOtlpJson(request).spans;
    expect(expected).toHaveLength(1);
    expect(readOtlpJson(`{"result":${request}}`)).toEqual({ spans: expected, problems: [] });
    expect(readOtlpJson(`[${request},{"result":${request}}]`)).toEqual({ spans: expected, problems: [] });
    expect(readOtlpJson(`\ufeff\r\n${request}\r\n\r\n${request}\r\n`)).toEqual({ spans: expected, problems: [] });
    expect(readOtlpJson(JSON.stringify(JSON.parse(request), null, 2))).toEqual({ spans: expected, problems: [] });
  });

  it('reads what Tempo answers: protobuf written as JSON, with ids in Base64 and words for numbers', () => {
    const ids = { traceId: '6d1f0c2a9b3e4f5061728394a5b6c7d8', spanId: 'd20c7f4b96a8e135' };
    const inBase64 = { traceId: 'bR8MKps+T1BhcoOUpbbH2A==', spanId: '0gx/S5ao4TU=' };
    const answer = (fields: object, parentSpanId: string) =>
      spanWith({ ...fields, links: [fields], kind: 'SPAN_KIND_CONSUMER', parentSpanId });
    const [expected] = readOtlpJson(answer(ids, '00f067aa0ba902b7')).spans;
    expect(expected).toMatchObject({ ...ids, parentSpanId: '00f067aa0ba902b7', kind: 'consumer', links: [ids] });
    const request = answer(inBase64, 'APBnqgupArc=');
    for (const text of [`{"trace":${request},"metrics":{}}`, request.replace('resourceSpans', 'batches')]) {
      expect(readOtlpJson(text)).toEqual({ spans: [expected], problems: [] });
    }
  });

  it('finds nothing in an empty text, and nothing wrong with it', () => {
    expect(readOtlpJson(' \n')).toEqual({ spans: [], problems: [] });
  });

  it('takes a span once that was delivered twice, and of two the one that ended later', () => {
    const early = spanWith({ endTimeUnixNano: '2000' });
    const whole = spanWith({ endTimeUnixNano: '5000' });
    for (const text of [`${early}\n${whole}`, `${whole}\n${early}`]) {
      expect(readOtlpJson(text).spans.map(({ endUnixNano }) => endUnixNano)).toEqual([5000n]);
    }
  });

  it('names a broken line and loses nothing else', () => {
    const { spans, problems } = readOtlpJson(
      [oneSpan('S-1'), '{"resourceSpans":[{"resource":', '"words"', '{"resourceMetrics":[]}', spanWith({})].join('\n'),
    );
    expect(spans.map(({ name }) => name)).toEqual(['invoke_workflow pipeline', 'x']);
    expect(problems).toEqual([
      {
        line: 2,
        message:
          'expected an object with "resourceSpans" as JSON, got 30 characters that are not: {"resourceSpans":[{"resource":',
      },
      { line: 3, message: 'expected an object with "resourceSpans", got: words' },
    ]);
  });

  it('names a text once that is no OTLP at all, however many lines it has', () => {
    expect(readOtlpJson('\nhello\nworld\n')).toEqual({
      spans: [],
      problems: [
        {
          line: 2,
          message: 'expected an object with "resourceSpans" as JSON, whole or one per line, got: hello\nworld',
        },
      ],
    });
    expect(readOtlpJson(JSON.stringify({ resourceSpans: {} }, null, 2).slice(0, -2)).problems).toHaveLength(1);
  });

  it('names a span that cannot be placed and keeps its neighbours', () => {
    const good = { traceId: 'A'.repeat(32), spanId: 'b'.repeat(16), startTimeUnixNano: 1000 };
    const spans = [
      good,
      { ...good, name: 'short', traceId: 'abc' },
      { ...good, name: 'zero', spanId: '0'.repeat(16) },
      { ...good, name: 'when', startTimeUnixNano: 'yesterday' },
      'none',
    ];
    const result = readOtlpJson(`\n${JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })}`);
    expect(result.spans.map(({ traceId }) => traceId)).toEqual(['a'.repeat(32)]);
    expect(result.problems).toEqual([
      { line: 2, message: 'span "short": expected traceId as 32 hex digits, got abc' },
      { line: 2, message: 'span "zero": expected spanId as 16 hex digits, got 0000000000000000' },
      { line: 2, message: 'span "when": expected startTimeUnixNano as nanoseconds, got yesterday' },
    ]);
  });

  it('reads times, kinds and codes as numbers, as decimal texts and as words', () => {
    const { spans } = readOtlpJson(
      spanWith({
        kind: 'SPAN_KIND_PRODUCER',
        endTimeUnixNano: 2000,
        status: { code: 'STATUS_CODE_ERROR', message: 'no' },
        parentSpanId: '',
      }),
    );
    expect(spans[0]).toMatchObject({
      kind: 'producer',
      startUnixNano: 1000n,
      endUnixNano: 2000n,
      status: { code: 'error', message: 'no' },
      parentSpanId: undefined,
    });
  });

  it('lets a span without an end, or with one before its start, last no time', () => {
    for (const fields of [{}, { endTimeUnixNano: '0' }, { endTimeUnixNano: '10' }]) {
      expect(readOtlpJson(spanWith(fields)).spans[0]).toMatchObject({ startUnixNano: 1000n, endUnixNano: 1000n });
    }
  });

  it('reads every kind of value, and never a wrong number', () => {
    expect(readValue({ stringValue: 'text' })).toBe('text');
    expect(readValue({ boolValue: true })).toBe(true);
    expect(readValue({ intValue: '42' })).toBe(42);
    expect(readValue({ intValue: 42 })).toBe(42);
    expect(readValue({ intValue: '9007199254740993' })).toBe('9007199254740993');
    expect(readValue({ doubleValue: 0.5 })).toBe(0.5);
    expect(readValue({ doubleValue: 'NaN' })).toBeNaN();
    expect(readValue({ bytesValue: 'AQI=' })).toBe('AQI=');
    expect(readValue({ arrayValue: { values: [{ intValue: 1 }, { stringValue: 'b' }] } })).toEqual([1, 'b']);
    expect(readValue({ kvlistValue: { values: [{ key: 'a', value: { intValue: 1 } }] } })).toEqual({ a: 1 });
    expect(readValue({})).toBeNull();
  });

  it('reads a value of any depth without exhausting the stack', () => {
    const deep = `${'{"arrayValue":{"values":['.repeat(50_000)}{"intValue":1}${']}}'.repeat(50_000)}`;
    const { spans, problems } = readOtlpJson(
      spanWith({ attributes: [{ key: 'k', value: {} }] }).replace('"value":{}', `"value":${deep}`),
    );
    expect(problems).toEqual([]);
    expect(spans).toHaveLength(1);
  });

  it('keeps a key that names part of every object an ordinary key', () => {
    const { spans } = readOtlpJson(spanWith({ attributes: [{ key: '__proto__', value: { stringValue: 'x' } }] }));
    expect(Object.entries(spans[0]?.attributes ?? {})).toEqual([['__proto__', 'x']]);
  });
});
