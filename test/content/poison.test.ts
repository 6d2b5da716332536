import { describe, expect, it } from '@jest/globals';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { Baton, type ModelCall, type Run } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();

/** The spans since `from` as the exporters write them; throws where an exporter would lose its batch. */
function exported(from = 0): string {
  const spans = recording.spans().slice(from);
  ProtobufTraceSerializer.serializeRequest(spans);
  const json = new TextDecoder('utf-8', { fatal: true }).decode(JsonTraceSerializer.serializeRequest(spans));
  JSON.parse(json);
  return json;
}

/** What receivers refuse, or read as something else. */
function poison(json: string): string[] {
  const found: string[] = [];
  JSON.parse(json, (key, value) => {
    if (key === 'doubleValue' && typeof value !== 'number') found.push(`doubleValue ${value}`);
    if (key === 'intValue' && !Number.isSafeInteger(Number(value))) found.push(`intValue ${value}`);
    if (/(traceId|spanId)$/i.test(key) && !/^([0-9a-f]{32}|[0-9a-f]{16})?$/.test(String(value)))
      found.push(`${key} ${value}`);
    if (/UnixNano$/.test(key) && !/^1\d{18}$/.test(String(value))) found.push(`${key} ${value}`);
    if (key === 'value' && value !== null && typeof value === 'object' && Object.keys(value).length === 0) {
      found.push('no value');
    }
    return value;
  });
  return found;
}

/** Puts the same value into everything that an app can say. */
function sayEverywhere(value: unknown): void {
  const it = value as never;
  const baton = new Baton({ agent: 'triage', content: 'full' });
  const quietly = (fn: () => unknown): void => {
    try {
      fn();
    } catch (error) {
      if (!Object.is(error, value)) throw error;
    }
  };
  const given = {
    ...{ id: it, sessionId: it, name: it, kind: it, inputSummary: it, environment: it, userId: it, conversationId: it },
    ...{ previousSessionId: it, metadata: it, stepKey: it, stepName: it, stepIndex: it, role: it, payloadSummary: it },
    ...{ agent: it, tool: it, action: it, resource: it, callId: it, arguments: it, idempotencyKey: it, server: it },
    ...{ model: it, provider: it, operation: it, messages: it, usage: it, target: it, mode: it, reason: it },
    ...{ reasonType: it, type: it, payload: it, error: it, finishReasons: it },
  };
  const nested = {
    ...{ metadata: { it, list: [it] }, inputSummary: { it }, payloadSummary: { it }, payload: { it }, reason: it },
    ...{
      agent: { key: it, name: it, description: it, version: it },
      error: Object.assign(new Error('no'), { code: it }),
    },
    ...{ tool: { name: it, provider: it, riskLevel: it, type: it, description: it }, target: { kind: it, key: it } },
    ...{ action: { type: it, name: it }, resource: { type: it, externalId: it, provider: it, environment: it } },
    ...{ model: { name: it, provider: it }, usage: { inputTokens: it, outputTokens: it, cost: { usd: it } }, type: it },
    ...{ joins: [it], approver: it, approvalId: it, status: it, expiresInMs: it, trace: it },
    ...{ context: { messages: it, bytes: it, metadataKeys: [it], filtered: it, content: it } },
    ...{ finishReasons: [it, it], carrier: { traceparent: it, 'baton-handoff': it, 'baton-session': it } },
  };
  for (const input of [given, nested] as never[]) {
    baton.withSession(input, (session) => {
      session.setMetadata(it);
      session.setOutputSummary(it);
      baton.withRun(input, (run: Run) => {
        run.setUsage((input as { usage: never }).usage);
        run.setOutputSummary(it);
        baton.withWorkflowStep(input, (step) => step.setPayloadSummary(it));
        baton.withTool(input, (call) => call.setResult(it));
        baton.withMcpCall(input, (call) => call.setCached(it));
        baton.withLlmCall(input, (call: ModelCall) => call.setResponse(input));
        baton.trackHandoffRequested(input);
        baton.withApproval(input, (approval) => approval.reject(input));
        baton.resolveApproval(input);
        baton.withChildRun({}, () => {
          baton.trackHandoffFailed(input);
          baton.track(input);
          baton.captureError(input);
        });
        quietly(() =>
          baton.withTool({ tool: 'fails' }, () => {
            throw value;
          }),
        );
      });
    });
  }
}

describe('what an app says', () => {
  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus zero', -0],
    ['an integer beyond 2^53', 2 ** 60],
    ['a negative one', -(2 ** 60)],
    ['the largest number', Number.MAX_VALUE],
    ['a fraction', 0.1],
    ['a bigint', 2n ** 70n],
    ['an invalid Date', new Date(Number.NaN)],
    ['a symbol', Symbol('x')],
    ['a function', () => 1],
    ['half a character', '\ud83d'],
    ['NUL and other control characters', '\u0000\u001b\u2028'],
    ['an empty text', ''],
    ['an array of everything', [null, undefined, Number.NaN, 1n, Symbol('x'), {}, []]],
    ['mixed arrays', { a: [1, 'a', true], b: [1, null] }],
    ['an object without a prototype', Object.create(null)],
    ['null', null],
    ['a key that is empty', { '': 1 }],
    ['keys like those of objects', JSON.parse('{"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4}')],
    ['a Map', new Map([[Number.NaN, new Date(Number.NaN)]])],
    ['a thing that claims to be an OTLP value', { intValue: 'x', doubleValue: null }],
  ])('never costs a batch, wherever it is said: %s', (_, value) => {
    sayEverywhere(value);
    expect(recording.spans().length).toBeGreaterThanOrEqual(20);
    expect(poison(exported())).toEqual([]);
  });

  it('never costs a batch, whatever it is', () => {
    const anything = fc.anything({
      maxDepth: 2,
      maxKeys: 4,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
      withBoxedValues: true,
      withObjectString: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const before = recording.spans().length;
        sayEverywhere(value);
        expect(poison(exported(before))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves a text as session.id on every span, and no attribute without a value', () => {
    for (const value of [null, Number.NaN, {}, [], Symbol('x'), '', 5, 10n]) sayEverywhere(value);
    const without = recording.spans().filter(({ attributes }) => {
      const id = attributes['session.id'];
      return typeof id !== 'string' || id === '';
    });
    expect(without.map(({ name }) => name)).toEqual([]);
    const empty = recording
      .spans()
      .flatMap(({ attributes }) =>
        Object.entries(attributes).filter(([, value]) => value === undefined || value === null),
      );
    expect(empty).toEqual([]);
  });
});

describe('time', () => {
  it('is never negative, and no span has none', () => {
    sayEverywhere('x');
    for (const { duration, startTime, endTime, name } of recording.spans()) {
      expect([name, duration[0] * 1e9 + duration[1] >= 1_000]).toEqual([name, true]);
      expect([name, endTime[0] >= startTime[0]]).toEqual([name, true]);
    }
  });
});

describe('a link', () => {
  it('to a handoff of another process has a context that every exporter can write', () => {
    const baton = new Baton({ agent: 'triage' });
    const id = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    baton.withRun({ handoffId: id }, () => baton.trackHandoffCompleted());
    expect(exported()).toContain('"links":[{');
    expect(recording.spans().at(-1)?.links[0]?.context).toMatchObject({
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
    });
    expect(poison(exported())).toEqual([]);
  });

  it.each([
    '',
    'x',
    `00-${'0'.repeat(32)}-${'2'.repeat(16)}-01`,
    `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
    `ff-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    `00-${'A'.repeat(32)}-${'B'.repeat(16)}-01`,
  ])('is not made to a place that is none: %j', (handoffId) => {
    new Baton({ agent: 'triage' }).withRun({ handoffId }, () => {});
    expect(recording.spans()[0]?.links).toEqual([]);
  });
});
