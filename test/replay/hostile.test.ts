import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  buildTimelines,
  printable,
  type RecordedSpan,
  readOtlpJson,
  renderJson,
  renderSessionList,
  renderSessions,
} from '../../src/replay.ts';
import { expectLinear } from '../support/growth.ts';
import { toOtlpLine } from './otlp-request.ts';
import { at, Recording } from './recording.ts';

// What somebody writes who wants the replay to hang, to crash or to lie.

// Each shape is told several times in two sizes.
jest.setTimeout(240_000);

const TRACE = 'a'.repeat(32);

function place(index: number): string {
  return (index + 1).toString(16).padStart(16, '0');
}

function idOf(index: number): string {
  return `00-${TRACE}-${place(index)}-01`;
}

function spanAt(index: number, fields: Partial<RecordedSpan> = {}): RecordedSpan {
  return {
    traceId: TRACE,
    spanId: place(index),
    name: `span ${index}`,
    kind: 'internal',
    startUnixNano: at(index / 1000),
    endUnixNano: at(index / 500 + 1),
    events: [],
    links: [],
    status: { code: 'unset' },
    resource: {},
    scope: 'otel-baton',
    ...fields,
    attributes: {
      'session.id': 'S-1',
      'gen_ai.operation.name': 'invoke_agent',
      'baton.agent.key': 'a',
      ...fields.attributes,
    },
  };
}

function many(n: number, fields: (index: number) => Partial<RecordedSpan>): RecordedSpan[] {
  return Array.from({ length: n }, (_, index) => spanAt(index, fields(index)));
}

const below = (index: number) => (index === 0 ? undefined : place(index - 1));
const handoffLink = (index: number) => ({
  traceId: TRACE,
  spanId: place(index),
  attributes: { 'baton.link.type': 'handoff', 'baton.handoff.id': idOf(index) },
});

const shapes: Readonly<Record<string, (n: number) => RecordedSpan[]>> = {
  'one run with all of them below': (n) => many(n, (index) => ({ parentSpanId: index === 0 ? undefined : place(0) })),
  'a chain, each below the one before': (n) => many(n, (index) => ({ parentSpanId: below(index) })),
  'a chain, each below the one after': (n) => many(n, (index) => ({ parentSpanId: place(index + 1) })),
  'a chain that fails at each link for another reason': (n) =>
    many(n, (index) => ({ parentSpanId: below(index), status: { code: 'error', message: `e${index}` } })),
  'a circle': (n) => many(n, (index) => ({ parentSpanId: place((index + 1) % n) })),
  'a session each': (n) =>
    many(n, (index) => ({ attributes: { 'session.id': `S-${index}`, 'baton.session.kind': 'pipeline' } })),
  'a session each, of two clocks that disagree': (n) =>
    many(n, (index) => ({
      parentSpanId: index % 2 === 0 ? undefined : below(index),
      startUnixNano: at(-1000 * (index % 2)),
      resource: { 'host.name': `h${index % 2}` },
      attributes: { 'session.id': `S-${index >> 1}` },
    })),
  'a clock each, all of them behind': (n) =>
    many(n, (index) => ({
      parentSpanId: below(index),
      startUnixNano: at(-index),
      resource: { 'host.name': `h${index}` },
    })),
  'a chain of answers with runs at its end': (n) =>
    many(n, (index) =>
      index < n / 2
        ? { parentSpanId: below(index), kind: 'consumer', attributes: { 'baton.handoff.id': idOf(0) } }
        : { parentSpanId: place(Math.ceil(n / 2) - 1) },
    ),
  'one run with so many events': (n) => [
    spanAt(0, {
      events: Array.from({ length: n }, (_, index) => ({
        name: `e${index % 7}`,
        timeUnixNano: at(n - index),
        attributes: { index },
      })),
    }),
  ],
  'one run with so many links to handoffs': (n) => [
    spanAt(0, { links: Array.from({ length: n }, (_, index) => handoffLink(index + 1)) }),
  ],
  'runs that all picked up one handoff': (n) =>
    many(n, (index) =>
      index === 0
        ? { kind: 'producer', attributes: { 'baton.handoff.id': idOf(0) } }
        : { links: [handoffLink(0)], attributes: { 'baton.agent.key': `a${index}` } },
    ),
  'agents of a framework that hand over to one another': (n) =>
    many(n, (index) => ({
      scope: 'swarm',
      attributes: { 'baton.handoff.source': `a${index}`, 'baton.handoff.target': `a${index + 1}` },
      links: [{ traceId: TRACE, spanId: place(index - 1), attributes: { 'baton.link.type': 'handoff' } }],
    })),
  'agents of a framework that are all one run': (n) =>
    many(n, (index) => ({
      parentSpanId: below(index),
      scope: index === 0 ? 'otel-baton' : 'swarm',
      attributes: { 'gen_ai.agent.name': 'A', 'gen_ai.usage.input_tokens': 1, 'gen_ai.prompt': 'x' },
    })),
  'one span, sent again and again': (n) => many(n, () => ({ spanId: place(0) })),
  'metadata without end': (n) => [
    spanAt(0, {
      attributes: Object.fromEntries(Array.from({ length: n }, (_, index) => [`baton.metadata.k${index}`, index])),
    }),
  ],
  'texts of spaces': (n) => [
    spanAt(0, {
      name: ' '.repeat(n),
      attributes: { 'gen_ai.agent.name': `${' '.repeat(10 * n)}x`, 'baton.run.role': '\t '.repeat(n) },
    }),
  ],
};

describe('a recording that is made to be slow', () => {
  it.each(Object.entries(shapes))('is told in a time that grows with its size: %s', (_name, make) => {
    expectLinear(250, make, (spans) => {
      const timelines = buildTimelines(spans);
      return [renderSessions(timelines), renderSessionList(timelines), renderJson(timelines)];
    });
  });

  it('has texts of spaces and line breaks that are made printable in linear time', () => {
    for (const piece of [' ', '\u00a0', ' \n', '\u0085 ', '\u001b[2J ']) {
      expectLinear(20_000, (n) => `${piece.repeat(n)}x`, printable);
    }
  });

  it.each([
    '{"a":',
    '[',
    '{"a":"b',
    'x',
    '"',
    '{}{}{',
    '{"a":NaN',
    ' {\nx',
    '  {\n  "x": {',
    '{"\\"',
    '{\n"a"',
    ']',
    '{"a":1}x',
  ])('is looked through in linear time as lines of %j', (line) => {
    expectLinear(1_000, (n) => `${line}\n`.repeat(n), readOtlpJson);
  });
});

describe('a recording that is made to crash', () => {
  it('is written as JSON at a depth of 20,000 spans', () => {
    const timelines = buildTimelines(many(20_000, (index) => ({ parentSpanId: below(index) })));
    let entry = JSON.parse(renderJson(timelines))[0].entries[0];
    let depth = 1;
    for (; entry.children.length > 0; depth++) entry = entry.children[0];
    expect(depth).toBe(20_000);
  });

  it('gives as JSON what JSON.stringify gives, and null for what stands inside itself', () => {
    const cycle: Record<string, unknown> = { list: [] };
    cycle.self = cycle;
    const recording = new Recording();
    recording.run(undefined, 'Triage', [0, 1], {
      attributes: {
        'baton.metadata.odd': [undefined, Number.NaN, null, 1n, 'é\u2028'],
        'baton.metadata.none': undefined,
      },
    });
    const timelines = buildTimelines(recording.spans);
    const plain = JSON.stringify(timelines, (_key, value) => (typeof value === 'bigint' ? String(value) : value), 2);
    expect(renderJson(timelines)).toBe(`${plain.replace('\u2028', '\\u2028')}\n`);
    recording.run(undefined, 'Billing', [2, 3], { attributes: { 'baton.metadata.cycle': cycle } });
    expect(JSON.parse(renderJson(buildTimelines(recording.spans)))[0].entries[1].metadata.cycle).toEqual({
      list: [],
      self: null,
    });
  });

  const nested = '['.repeat(50_000) + ']'.repeat(50_000);
  const good = JSON.parse(toOtlpLine([spanAt(1)])).resourceSpans[0];
  const withNested = (fields: object) => {
    const [{ spans }] = good.scopeSpans;
    const request = {
      resourceSpans: [{ ...good, scopeSpans: [{ spans: [spans[0], { ...spans[0], spanId: place(7), ...fields }] }] }],
    };
    return JSON.stringify(request).replace('"NESTED"', nested);
  };

  it.each([
    ['lists', nested, 0, 1],
    ['wrappers', `${'{"result":'.repeat(50_000)}1${'}'.repeat(50_000)}`, 0, 1],
    ['a time', withNested({ startTimeUnixNano: 'NESTED' }), 1, 1],
    ['an id', withNested({ traceId: 'NESTED', name: 'NESTED' }), 1, 1],
    ['a text', withNested({ attributes: [{ key: 'k', value: { stringValue: 'NESTED' } }] }), 2, 0],
    ['a number', withNested({ attributes: [{ key: 'k', value: { intValue: 'NESTED' } }] }), 2, 0],
    ['a plain value', withNested({ attributes: { k: 'NESTED' } }), 2, 0],
    ['a status', withNested({ status: 'NESTED', kind: 'NESTED' }), 2, 0],
  ])('is read around %s of any depth', (_what, text, spans, problems) => {
    const read = readOtlpJson(text);
    expect([read.spans.length, read.problems.length]).toEqual([spans, problems]);
    for (const { message } of read.problems) expect(message.length).toBeLessThan(200);
  });

  it('is never more than spans and problems, whatever JSON stands in the place of whatever', () => {
    const request = JSON.parse(toOtlpLine([spanAt(1, { links: [handoffLink(2)] })]));
    const paths = pathsOf(request);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 4 }), (path, value) => {
        const { spans } = readOtlpJson(JSON.stringify(replaced(request, path, value)));
        const timelines = buildTimelines(spans);
        expect(renderSessions(timelines)).toEqual(expect.any(String));
        expect(JSON.parse(renderJson(timelines))).toHaveLength(timelines.length);
      }),
      { numRuns: 400 },
    );
  });

  it('loses one line of it at most to a broken one, and says which', () => {
    const lines = Array.from({ length: 5 }, (_, index) => toOtlpLine([spanAt(index)]));
    fc.assert(
      fc.property(fc.nat(4), fc.nat(), fc.string({ unit: 'binary', maxLength: 5 }), (line, cut, junk) => {
        const broken = [...lines];
        broken[line] = `${lines[line]?.slice(0, cut % (lines[line]?.length ?? 1))}${junk.replaceAll('\n', '')}`;
        const { spans, problems } = readOtlpJson(broken.join('\n'));
        const kept = lines.flatMap((_, index) => (index === line ? [] : [place(index)]));
        expect(spans.map(({ spanId }) => spanId)).toEqual(expect.arrayContaining(kept));
        for (const problem of problems) expect(problem.line).toBe(line + 1);
        if (broken[line]?.trim() !== '') expect(problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });
});

type Path = readonly (string | number)[];

/** Every place in a JSON value. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf((value as Record<string, unknown>)[key], [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string, unknown>)[key] = replaced((copy as Record<string, unknown>)[key], rest, by);
  return copy;
}
