import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { buildTimelines, type RecordedSpan, readOtlpJson } from '../../src/replay.ts';
import { toOtlpLine } from './otlp-request.ts';
import { outline } from './outline.ts';
import { event, Recording } from './recording.ts';

// The forms in which people have traces at hand: saved by a UI, printed by a tool, cut off, written by another language.

function recorded(): readonly RecordedSpan[] {
  const recording = new Recording();
  const run = recording.run(recording.session([0, 100]), 'Triage', [1, 99]);
  recording.tool(run, 'search', [2, 50], { error: 'no answer', events: [event('retried', 9, { attempt: 2 })] });
  return recording.spans;
}

const SPANS = recorded();
const REQUEST = JSON.parse(toOtlpLine(SPANS));
const LINES = SPANS.map((span) => toOtlpLine([span]));

function read(text: string): readonly RecordedSpan[] {
  const { spans, problems } = readOtlpJson(text);
  expect(problems).toEqual([]);
  return spans;
}

function problemsOf(text: string): readonly string[] {
  const { spans, problems } = readOtlpJson(text);
  expect(spans).toEqual([]);
  return problems.map(({ line, message }) => `${line}: ${message}`);
}

/** Every list and object of a value, changed by hand. */
function changed(value: unknown, change: (key: string, inner: unknown) => readonly [string, unknown]): unknown {
  if (Array.isArray(value)) return value.map((item) => changed(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => change(key, changed(inner, change))));
}

describe('a file of traces', () => {
  const whole = read(toOtlpLine(SPANS));

  it('may have one request after the other, as jq prints them', () => {
    const documents = LINES.map((line) => JSON.stringify(JSON.parse(line), null, 2));
    for (const between of ['\n', '\r\n', '\n\n', '', ' ']) expect(read(documents.join(between))).toEqual(whole);
    expect(read(`${LINES.join('')}\n${documents.join('\n')}`)).toEqual(whole);
    expect(read(documents.map((text) => text.replaceAll('  ', '\t')).join('\n'))).toEqual(whole);
  });

  it('may be a list of requests, on one line or on many, and of one that is cut off what is whole', () => {
    expect(read(`[${LINES.join(',')}]`)).toEqual(whole);
    expect(read(`[\n${LINES.join(',\n')}\n]\n`)).toEqual(whole);
    const { spans, problems } = readOtlpJson(`[\n${LINES.join(',\n')},\n{"resourceSp`);
    expect(spans).toEqual(whole);
    expect(problems.map(({ line }) => line)).toEqual([5, 1]);
    const { problems: unclosed } = readOtlpJson(`[\n${LINES.join(',\n')}\n`);
    expect(unclosed).toMatchObject([{ line: 1 }]);
  });

  it('loses its last line, when it is cut off there, and says so', () => {
    for (const cut of [1, 20, 200]) {
      const { spans, problems } = readOtlpJson(`${LINES[0]}\n${LINES[1]}\n${LINES[2]?.slice(0, cut)}`);
      expect(spans).toEqual(whole.slice(0, 2));
      expect(problems).toMatchObject([
        { line: 3, message: expect.stringContaining(`got ${cut} characters that are not`) },
      ]);
    }
  });

  it('loses one request printed over many lines, when that is broken, and says where it begins', () => {
    const [first, second = '', third] = LINES.map((line) => JSON.stringify(JSON.parse(line), null, 2));
    const { spans, problems } = readOtlpJson([first, second.replace('"kind": 1', '"kind": '), third].join('\n'));
    expect(spans).toEqual([whole[0], whole[2]]);
    expect(problems).toMatchObject([{ line: (first?.split('\n').length ?? 0) + 1 }]);
  });

  it('may have the numbers that JSON has no word for, as Python writes them', () => {
    const attributes = [
      { key: 'a', value: { doubleValue: '@NaN' } },
      { key: 'b', value: { doubleValue: '@-Infinity' } },
      { key: 'NaN', value: { stringValue: 'a "NaN, Infinity' } },
    ];
    const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), startTimeUnixNano: '1000', attributes };
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
    const python = (space: number) => JSON.stringify(request, null, space).replace(/"@(-?\w+)"/g, '$1');
    for (const text of [python(0), python(2), `${python(0)}\n${python(0)}`, `${python(2)}\n${python(2)}`]) {
      expect(() => JSON.parse(text)).toThrow(SyntaxError);
      expect(read(text)[0]?.attributes).toEqual({
        a: Number.NaN,
        b: Number.NEGATIVE_INFINITY,
        NaN: 'a "NaN, Infinity',
      });
    }
  });

  it('may be as Grafana and Tempo save it, also with the names from before OTLP 0.15', () => {
    const group = REQUEST.resourceSpans[0];
    const [{ scope, spans }] = group.scopeSpans;
    const old = { resource: group.resource, instrumentationLibrarySpans: [{ instrumentationLibrary: scope, spans }] };
    for (const document of [
      { batches: [group] },
      { trace: { batches: [group] } },
      { trace: { resourceSpans: [group] }, status: 'COMPLETE' },
      { batches: [old] },
      { resourceSpans: [old] },
    ]) {
      expect(read(JSON.stringify(document))).toEqual(whole);
    }
  });

  it('may have the names of the protocol, plain attributes and ids in capitals', () => {
    const snake = changed(REQUEST, (key, inner) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      inner,
    ]);
    expect(read(JSON.stringify(snake))).toEqual(whole);
    const plain = changed(REQUEST, (key, inner) => {
      if (key === 'traceId' || key === 'spanId' || key === 'parentSpanId') return [key, String(inner).toUpperCase()];
      if (key !== 'attributes') return [key, inner];
      const list = inner as { key: string; value: Record<string, unknown> }[];
      return [
        key,
        Object.fromEntries(
          list.map(({ key: name, value: { intValue, ...value } }) => [
            name,
            intValue === undefined ? Object.values(value)[0] : Number(intValue),
          ]),
        ),
      ];
    });
    expect(read(JSON.stringify(plain))).toEqual(whole);
    expect(
      read(
        JSON.stringify({
          resourceSpans: [
            {
              scopeSpans: [
                {
                  spans: [
                    {
                      ...REQUEST.resourceSpans[0].scopeSpans[0].spans[0],
                      attributes: { list: [1, { a: 'b' }], on: true },
                    },
                  ],
                },
              ],
            },
          ],
        }),
      )[0]?.attributes,
    ).toEqual({ list: [1, { a: 'b' }], on: true });
  });

  it('may have ids in Base64, with and without padding, also as addresses write it', () => {
    const fields = { name: 'x', startTimeUnixNano: '1000', spanId: 'b'.repeat(16) };
    for (const traceId of ['+/+/+/+/+/+/+/+/+/+/+w==', '-_-_-_-_-_-_-_-_-_-_-w', '+/+/+/+/+/+/+/+/+/+/+w']) {
      const text = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...fields, traceId }] }] }] });
      expect(read(text)[0]?.traceId).toBe('fbffbffbffbffbffbffbffbffbffbffb');
    }
  });

  it('may be what the UI of Jaeger saves', () => {
    const text = readFileSync(new URL('../fixtures/replay/jaeger-ui.json', import.meta.url), 'utf8');
    const spans = read(text);
    expect(buildTimelines(spans).map((timeline) => [timeline.id, outline(timeline)])).toEqual([
      [
        'SUP-123',
        ['run Triage', '  handoff Triage → Billing accepted', '  run Billing', '    tool refund failed: no answer'],
      ],
    ]);
    expect(spans.find(({ name }) => name === 'execute_tool refund')).toEqual({
      traceId: '0000000000000000000000000000abcd',
      spanId: '0000000000000005',
      parentSpanId: '0000000000000004',
      name: 'execute_tool refund',
      kind: 'internal',
      startUnixNano: 1795251600300000000n,
      endUnixNano: 1795251600500000000n,
      attributes: {
        'session.id': 'SUP-123',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'refund',
        'baton.agent.key': 'billing',
        'error.type': 'TimeoutError',
      },
      events: [{ name: 'retried', timeUnixNano: 1795251600400000000n, attributes: { attempt: 2 } }],
      links: [],
      status: { code: 'error', message: 'no answer' },
      resource: { 'service.name': 'billing', 'host.name': 'worker-1' },
      scope: 'otel-baton',
      dropped: { attributes: 0, events: 4, links: 0 },
    });
  });

  it('has spans of Jaeger that cannot be placed named, and keeps their neighbours', () => {
    const span = { traceID: 'abc', spanID: '1', operationName: 'x', startTime: 1_795_251_600_000_000 };
    const spans = [
      span,
      { ...span, spanID: 'zz', operationName: 'lost' },
      { ...span, operationName: 'when', startTime: 'now' },
    ];
    const { spans: kept, problems } = readOtlpJson(JSON.stringify({ data: [{ traceID: 'abc', spans }] }));
    expect(kept).toHaveLength(1);
    expect(problems.map(({ message }) => message)).toEqual([
      'span "lost": expected spanID as 16 hex digits, got 00000000000000zz',
      'span "when": expected startTime as microseconds, got now',
    ]);
  });

  it('reads how much was dropped of a span, its events and its links', () => {
    const fields = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      startTimeUnixNano: '1000',
      droppedAttributesCount: 1,
      droppedEventsCount: 12,
      droppedLinksCount: '2',
      events: [{ name: 'x', droppedAttributesCount: 3 }],
      links: [{ traceId: 'a'.repeat(32), spanId: 'c'.repeat(16), droppedAttributesCount: 4 }],
    };
    const [span] = read(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [fields] }] }] }));
    expect(span?.dropped).toEqual({ attributes: 8, events: 12, links: 2 });
  });
});

describe('a file of something else', () => {
  const EXPECTED = '1: expected an object with "resourceSpans"';

  it('that ConsoleSpanExporter printed is named as such', () => {
    const printed = {
      resource: { attributes: { 'service.name': 'x' } },
      instrumentationScope: { name: 'otel-baton' },
      traceId: 'ab',
      name: 'y',
    };
    const said =
      "what ConsoleSpanExporter prints, which is for people and leaves out parts of a span; write OTLP/JSON instead, as the Collector's file exporter does";
    const text = inspect(printed, { depth: 3, breakLength: 20 });
    for (const each of [text, `${text}\n${text}`, `the app has started\n${text}`]) {
      expect(problemsOf(each)).toEqual([`${EXPECTED} as JSON, whole or one per line, got ${said}`]);
    }
  });

  it.each([
    [{ name: 'x', context: { trace_id: '0x1' } }, 'a span as the ConsoleSpanExporter of another language prints it'],
    [[{ traceId: '1', id: '2', timestamp: 1 }], 'a span of Zipkin'],
    [{ traceId: '1', spanId: '2' }, 'a span without the request around it'],
    [{ traceEvents: [] }, 'a trace of Chrome'],
    [{ data: null, errors: [{ code: 404, msg: 'trace not found' }] }, 'the error of a backend: trace not found'],
  ])('such as %j is named as such', (value, name) => {
    expect(problemsOf(JSON.stringify(value))).toEqual([expect.stringContaining(`${EXPECTED}, got ${name}`)]);
    expect(problemsOf(JSON.stringify(value, null, 2).repeat(2))).toEqual([expect.stringContaining(`got ${name}`)]);
  });

  it('that a browser saved is named as such', () => {
    expect(problemsOf('<!DOCTYPE html>\n<p>Log in</p>')).toEqual([expect.stringContaining('got a page for a browser')]);
  });

  it('has what stands in the place of the scopes named', () => {
    const group = (rest: object) => problemsOf(JSON.stringify({ resourceSpans: [{ resource: {}, ...rest }] }));
    expect(group({})).toEqual([]);
    expect(group({ schemaUrl: 'https://opentelemetry.io' })).toEqual([]);
    expect(group({ spans: [{}] })).toEqual(['1: expected "scopeSpans" beside "resource", got: {"spans":[{}]}']);
    expect(group({ scopeSpans: 'none' })).toEqual(['1: expected "scopeSpans" beside "resource", got: none']);
  });

  it('that never ends is given up after 10,000 places, when some of it was read', () => {
    const { spans, problems } = readOtlpJson(`${LINES[0]}\n${'x\n'.repeat(20_000)}${LINES[1]}`);
    expect(spans).toHaveLength(1);
    expect(problems).toHaveLength(10_001);
    expect(problems.at(-1)?.message).toBe('more than 10000 places are not JSON: from here on nothing was read');
  });
});
