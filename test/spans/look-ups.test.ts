import { afterEach, describe, expect, it } from '@jest/globals';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { onlyPipelines, pipelineSpans } from '../../src/export.ts';
import { Baton, type Run, type Session } from '../../src/index.ts';

// No look-up walks over what is open: with a thousand times as much of it, each costs about the same. Compared in one run.

const FEW = 10;
const MANY = 9_000;
/** What is once as dear for caches that are too small, and once more for a machine that has other things to do. */
const SMALL_FACTOR = 5;

const tracerProvider = new BasicTracerProvider();
let clients: Baton[] = [];

afterEach(async () => {
  for (const client of clients) await client.shutdown();
  clients = [];
});

function client(): Baton {
  const baton = new Baton({ agent: 'app', tracerProvider });
  clients.push(baton);
  return baton;
}

/** Microseconds of processor time per operation: the best of some rounds, because others only ever make it slower. */
function micros(operation: () => void, times = 300): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage();
    for (let time = 0; time < times; time++) operation();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / times);
  }
  return best;
}

interface Open {
  readonly baton: Baton;
  readonly session: Session;
  readonly first: Run;
}

/** So many runs, sessions, tool calls and approvals are open, in one session and outside any. */
function open(count: number): Open {
  const baton = client();
  const session = baton.startSession({ id: `session with ${count}` });
  const first = baton.startRun({ sessionId: session.id });
  for (let number = 0; number < count; number++) {
    baton.startSession({ id: number % 2 ? `s-${number}` : 'all the same' });
    baton.startRun({ sessionId: session.id }).within(() => baton.startTool({ tool: 't' }));
    baton.startApproval({ tool: 't', runId: first.id });
  }
  return { baton, session, first };
}

const operations: Readonly<Record<string, (open: Open) => () => void>> = {
  'a session that begins and ends': ({ baton }) => {
    return () => baton.startSession({ id: 'all the same' }).end();
  },
  'a run of a session by its id': ({ baton, session }) => {
    return () => baton.startRun({ sessionId: session.id }).end();
  },
  'a child of the oldest run by its id': ({ baton, first }) => {
    return () => baton.startChildRun({ parentRunId: first.id }).end();
  },
  'a tool call in the oldest run by its id': ({ baton, first }) => {
    return () => baton.startTool({ tool: 't', runId: first.id }).end();
  },
  'an approval that is decided by its id': ({ baton, first }) => {
    return () => baton.resolveApproval({ approvalId: baton.startApproval({ runId: first.id }).id, status: 'approved' });
  },
  'three sessions of one id that end in the order of their starts': ({ baton }) => {
    return () => {
      const three = [1, 2, 3].map(() => baton.startSession({ id: 'all the same' }));
      for (const each of three) each.end();
    };
  },
};

describe('with nine thousand open of each kind', () => {
  it.each(Object.entries(operations))(
    '%s costs what it costs with ten',
    (_, operation) => {
      const few = micros(operation(open(FEW)));
      const many = micros(operation(open(MANY)));
      expect(many / few).toBeLessThan(SMALL_FACTOR);
    },
    60_000,
  );

  it('what gives way costs as much as what ends', () => {
    const { baton } = open(FEW);
    const ends = micros(() => baton.startRun({}).end(), 1_000);
    for (let number = 0; number < 11_000; number++) baton.startRun({});
    const givesWay = micros(() => baton.startRun({}), 1_000);
    expect(givesWay / ends).toBeLessThan(SMALL_FACTOR);
  }, 60_000);
});

describe('hostile names in pipelineSpans', () => {
  const names: Readonly<Record<string, (length: number) => string>> = {
    'quotes behind the name of an agent': (length) => `agent run: '${"'".repeat(length)}\n`,
    'an agent without a closing quote': (length) => `agent run: '${'a'.repeat(length)}`,
    'quotes behind the name of a tool': (length) => `tool: '${"'a".repeat(length / 2)}\n`,
    'an agent of many lines': (length) => `invoke_agent ${'a\n'.repeat(length / 2)}`,
    'a tool of spaces': (length) => `execute_tool ${' '.repeat(length)}`,
    'a transfer tool without end': (length) => `execute_tool transfer_to_${'_'.repeat(length)}`,
    'nothing that it knows': (length) => `${'agent run: '.repeat(length / 11)}'`,
  };

  it.each(Object.entries(names))(
    '%s: four times the length is not much more than four times the time',
    (_, name) => {
      const spanProcessors = [pipelineSpans({ handoffs: true }) as never];
      const tracer = new BasicTracerProvider({ spanProcessors }).getTracer('hostile');
      const starting = (length: number): number => {
        const text = name(length);
        return micros(() => tracer.startSpan(text).end(), 20);
      };
      starting(1_000);
      const once = Math.max(starting(25_000), 5);
      expect(starting(100_000) / once).toBeLessThan(8);
    },
    60_000,
  );
});

describe('onlyPipelines', () => {
  it('walks up from each span once, also where all parents came before their children', () => {
    const exporting = (length: number): number => {
      const none = { attributes: {}, parentSpanContext: undefined };
      const chain = Array.from({ length }, (_, index) => ({
        ...none,
        spanContext: () => ({ traceId: 't', spanId: `${index}`, traceFlags: 1 }),
        ...(index > 0 ? { parentSpanContext: { traceId: 't', spanId: `${index - 1}`, traceFlags: 1 } } : {}),
        ...(index === length - 1 ? { attributes: { 'session.id': 's' } } : {}),
      }));
      let passed = 0;
      const counting = {
        export(spans: unknown[]) {
          passed = spans.length;
        },
        shutdown: async () => {},
      };
      const exporter = onlyPipelines(counting as never);
      const time = micros(() => exporter.export(chain as never, () => {}), 3);
      expect([passed, exporter.dropped]).toEqual([length, 0]);
      return time;
    };
    exporting(500);
    // 4 in linear time, 16 in quadratic.
    expect(exporting(8_000) / exporting(2_000)).toBeLessThan(10);
  }, 60_000);
});
