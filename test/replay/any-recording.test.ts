import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as keys from '../../src/attributes.ts';
import { spanKey } from '../../src/replay/span.ts';
import { isFrameworkAgent, isOwnRun, spanRole } from '../../src/replay/span-role.ts';
import { displayWidth } from '../../src/replay/views/styled-text.ts';
import {
  buildTimelines,
  type RecordedSpan,
  type RecordedSpanKind,
  readOtlpJson,
  renderJson,
  renderSessions,
  walkEntries,
} from '../../src/replay.ts';
import { toOtlpLine } from './otlp-request.ts';
import { at } from './recording.ts';

// Hundreds of recordings take their time on a busy machine.
const KINDS: readonly RecordedSpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const OPERATIONS = ['invoke_workflow', 'invoke_agent', 'execute_tool', 'chat', 'embeddings', 'x'];
const STATUSES = ['requested', 'accepted', 'completed', 'rejected', 'returned', 'failed', 'expired'];
/** Few places, so that spans meet: parents, links and ids that fit, that are missing, that go round. */
const place = fc.record({ trace: fc.nat(1), span: fc.nat(12) });
const KEYS = Object.entries(keys).flatMap(([name, key]) => (name.startsWith('ATTR_') ? [key] : []));

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    '',
    ' ',
    '\u001b[31m',
    'a\nb',
    '注文担当',
    '👩‍💻'.repeat(9),
    'x'.repeat(200),
    'A',
    'B',
    '[1',
    '\ud800',
  ),
);
const id = place.map(({ trace, span }) => `00-${traceId(trace)}-${spanId(span)}-01`);
const value = fc.oneof(
  text,
  id,
  fc.constantFrom(...OPERATIONS, ...STATUSES, 'handoff'),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 2 }),
);
const attributes = fc.dictionary(
  fc.oneof(
    fc.constantFrom(...KEYS),
    text.map((name) => `baton.metadata.${name}`),
    text,
  ),
  value,
  {
    maxKeys: 12,
  },
);
/** What makes it likely that a span is one of ours. */
const likely = fc.record(
  {
    'session.id': fc.constantFrom('S-1', 'S-2', '\u001b[2J'),
    'gen_ai.operation.name': fc.constantFrom(...OPERATIONS),
    'baton.agent.key': fc.constantFrom('a', 'b', 'c'),
    'baton.handoff.id': id,
    'baton.handoff.status': fc.constantFrom(...STATUSES),
    'baton.run.id': id,
    'baton.step.name': fc.constantFrom('a', 'b'),
    'gen_ai.agent.name': fc.constantFrom('A', 'B', 'C'),
    'gen_ai.usage.input_tokens': fc.nat(9),
    'gen_ai.input.messages': text,
    'ai.prompt': text,
  },
  { requiredKeys: [] },
);
const time = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.double({ min: 0, max: 1e12, noNaN: true }));

const span: fc.Arbitrary<RecordedSpan> = fc
  .record({
    place,
    parent: fc.option(fc.nat(13), { nil: undefined }),
    name: text,
    kind: fc.constantFrom(...KINDS),
    start: time,
    duration: time,
    attributes,
    likely,
    events: fc.array(
      fc.record({
        name: fc.oneof(text, fc.constantFrom('exception', ...Object.values(keys).filter(isText))),
        time,
        attributes,
      }),
      { maxLength: 3 },
    ),
    links: fc.array(
      fc.record({ place, attributes: fc.oneof(attributes, fc.constant({ 'baton.link.type': 'handoff' })) }),
      { maxLength: 2 },
    ),
    scope: fc.constantFrom('otel-baton', 'otel-baton', 'a-framework', ''),
    dropped: fc.option(fc.record({ attributes: fc.nat(2), events: fc.nat(2), links: fc.integer({ min: 1, max: 2 }) }), {
      nil: undefined,
    }),
    code: fc.constantFrom('unset', 'ok', 'error'),
    message: fc.option(text, { nil: undefined }),
    // Few processes, whose clocks disagree about everything.
    resource: fc.oneof(
      fc.constant({}),
      fc.record({ 'host.name': fc.constantFrom('a', 'b'), 'process.pid': fc.nat(2) }),
      fc.record({ 'service.name': text }),
    ),
  })
  .map(({ place: { trace, span: number }, parent, start, duration, code, message, events, links, ...rest }) => ({
    traceId: traceId(trace),
    spanId: spanId(number),
    parentSpanId: parent === undefined ? undefined : spanId(parent),
    name: rest.name,
    kind: rest.kind,
    startUnixNano: at(start),
    endUnixNano: at(start + duration),
    attributes: { ...rest.attributes, ...rest.likely },
    events: events.map((event) => ({ name: event.name, timeUnixNano: at(event.time), attributes: event.attributes })),
    links: links.map((link) => ({
      traceId: traceId(link.place.trace),
      spanId: spanId(link.place.span),
      attributes: link.attributes,
    })),
    status: { code: code as 'unset', message },
    resource: rest.resource,
    scope: rest.scope,
    dropped: rest.dropped,
  }));
const recording = fc.array(span, { maxLength: 25 });

function isText(constant: unknown): constant is string {
  return typeof constant === 'string';
}

function traceId(number: number): string {
  return String(number + 1).repeat(32);
}

function spanId(number: number): string {
  return number.toString(16).padStart(16, 'f');
}

describe('any recording', () => {
  it('is told whole: each span once, but for the session, the answers and the agent that a run is', () => {
    fc.assert(
      fc.property(recording, (spans) => {
        const session = onlyOnce(spans).map((one) => ({
          ...one,
          attributes: { ...one.attributes, 'session.id': 'S-1' },
        }));
        const expected = session.filter((one) => !['session', 'handoff-answer'].includes(spanRole(one)));
        const [timeline] = buildTimelines(session);
        const requests = new Set(session.filter((one) => spanRole(one) === 'handoff').map(spanKey));
        const told = Array.from(timeline ? walkEntries(timeline) : [], ({ entry }) => entry)
          // A handoff whose request was lost is told from spans that are told themselves.
          .filter((entry) => entry.type !== 'handoff' || requests.has(spanKey(entry)));
        const left = expected.filter((one) => !told.map(spanKey).includes(spanKey(one)));
        // A framework's own span of an agent is one row with the run around it.
        for (const one of left) expect(isFrameworkAgent(one)).toBe(true);
        if (left.length > 0) expect(session.some(isOwnRun)).toBe(true);
        const inOwnRows = expected.filter((one) => !left.includes(one));
        expect(told.map(spanKey).sort()).toEqual(inOwnRows.map(spanKey).sort());
      }),
      { numRuns: 200 },
    );
  });

  it('is shown with no line over the width, nothing that a terminal obeys, and the same in colour', () => {
    fc.assert(
      fc.property(recording, fc.integer({ min: 20, max: 160 }), (spans, width) => {
        const timelines = buildTimelines(spans);
        const plain = renderSessions(timelines, { width });
        for (const line of plain.split('\n')) {
          expect(displayWidth(line)).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/[\p{Cc}\p{Cs}]/u);
        }
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences that were asked for
        expect(renderSessions(timelines, { width, color: true }).replaceAll(/\u001b\[[\d;]+m/g, '')).toBe(plain);
        expect(renderJson(timelines).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
      { numRuns: 200 },
    );
  });

  it('is the same after its way over the wire, whatever came twice and in whatever order', () => {
    fc.assert(
      fc.property(recording, fc.array(fc.nat(24), { maxLength: 5 }), (spans, again) => {
        const whole = onlyOnce(spans).map(asOnTheWire);
        const lines = [...whole, ...again.flatMap((index) => whole[index] ?? [])].map((one) => toOtlpLine([one]));
        const { spans: read, problems } = readOtlpJson(lines.reverse().join('\n'));
        expect(problems).toEqual([]);
        expect(renderJson(buildTimelines(read).sort(byId))).toBe(renderJson(buildTimelines(whole).sort(byId)));
      }),
      { numRuns: 100 },
    );
  });
});

function byId(one: { id: string }, other: { id: string }): number {
  return one.id < other.id ? -1 : 1;
}

/** Two different spans at one place have no order of their own. */
function onlyOnce(spans: readonly RecordedSpan[]): RecordedSpan[] {
  return [...new Map(spans.map((one) => [spanKey(one), one])).values()];
}

/** JSON knows neither infinities nor objects among attributes. */
function asOnTheWire(one: RecordedSpan): RecordedSpan {
  return readOtlpJson(toOtlpLine([one])).spans[0] as RecordedSpan;
}
