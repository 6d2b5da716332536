import { describe, expect, it } from '@jest/globals';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { Baton, type ContentPolicy } from '../../src/index.ts';
import { REDACTED, withoutSecrets } from '../../src/secrets.ts';
import { recordEachTest } from '../support/recording.ts';
import { FORMS, HARMLESS, KINDS, NAMES, type Sample, WRAPPINGS } from './secret-samples.ts';

const recording = recordEachTest();

/** What leaves the process of a pipeline that says the value wherever it can, as the real exporter writes it. */
function wire(value: unknown, content: ContentPolicy, warnings: string[] = []): string {
  const before = recording.spans().length;
  const it = value as never;
  const baton = new Baton({ agent: 'triage', content, onWarning: ({ message }) => warnings.push(message) });
  const failing = (): never => {
    throw new Error(typeof value === 'string' ? value : 'refused', { cause: value });
  };
  baton.withSession({ kind: 'pipeline', inputSummary: it, metadata: { it } }, (session) => {
    session.setOutputSummary(it);
    baton.withRun({ inputSummary: it, metadata: { nested: { it }, list: [it] } }, () => {
      baton.withWorkflowStep({ stepKey: 'check', payloadSummary: it }, () => {});
      baton.withTool({ tool: 'search', arguments: it }, (call) => call.setResult(it));
      baton.withLlmCall({ model: 'm', messages: it }, (call) => call.setResponse({ messages: it }));
      baton.trackHandoffRequested({ target: 'billing', reason: it, payloadSummary: it, context: { content: it } });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffFailed({ reason: it, error: it }));
      baton.withApproval({ tool: 'refund', reason: it, payloadSummary: it }, () => true);
      baton.track({ type: 'note', payload: { it } });
      baton.captureError({ error: it, metadata: { it } });
      try {
        baton.withTool({ tool: 'fails' }, failing);
      } catch {}
      // Where it does not belong: a warning quotes it.
      baton.withRun({ parentRunId: it, handoffId: it, stepIndex: it, sessionId: it, agent: it }, () => {});
    });
  });
  const spans = recording.spans().slice(before);
  expect(spans.length).toBeGreaterThanOrEqual(10);
  return Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []).toString();
}

const policies = fc.constantFrom<ContentPolicy>('none', 'summaries', 'full');
const wrapping = fc.constantFrom(...Object.keys(WRAPPINGS));

describe('a secret that is known by its value', () => {
  it.each(Object.keys(KINDS))('does not leave the process however it is written: %s', (kind) => {
    fc.assert(
      fc.property(KINDS[kind] as fc.Arbitrary<Sample>, ({ text, core }) => {
        const out = Object.entries(WRAPPINGS).filter(([, wrap]) => withoutSecrets(wrap(text)).includes(core));
        expect(out.map(([name]) => name)).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });

  it('does not leave the process, whatever is recorded of it and wherever it stands', () => {
    const planted = fc
      .tuple(
        fc.constantFrom(...Object.values(KINDS)).chain((kind) => kind),
        wrapping,
      )
      .map(([{ text, core }, name]) => ({ text: (WRAPPINGS[name] as (text: string) => string)(text), core }));
    const shapes: readonly ((text: string) => unknown)[] = [
      (text) => text,
      (text) => ({ a: [{ text }] }),
      (text) => ({ [text]: 1 }),
      (text) => new Map<unknown, unknown>([[{ text }, text]]),
      (text) => new Set([text]),
      (text) => new Error('refused', { cause: new AggregateError([new Error(text)], text) }),
      (text) => new URLSearchParams({ a: text }),
      (text) => new Headers({ 'x-note': encodeURIComponent(text) }),
      (text) => ({ toJSON: () => [text] }),
      (text) => new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')),
    ];
    fc.assert(
      fc.property(planted, fc.constantFrom(...shapes), policies, ({ text, core }, shape, policy) => {
        const warnings: string[] = [];
        const out = wire(shape(text), policy, warnings) + warnings.join();
        expect(out.toLowerCase().includes(core.toLowerCase())).toBe(false);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('a secret that is known by its name', () => {
  const core = 'q7Wb3Xk9Lm2Vt5';

  it.each(Object.keys(FORMS))('does not leave the process however a text says it: %s', (form) => {
    const say = FORMS[form] as (name: string, value: string) => string;
    const out = NAMES.flatMap((name) =>
      Object.entries(WRAPPINGS)
        .filter(([, wrap]) => withoutSecrets(wrap(say(name, core))).includes(core))
        .map(([wrapped]) => `${name} ${wrapped}`),
    );
    expect(out).toEqual([]);
  });

  it('does not leave the process in any object, under any policy', () => {
    const objects: readonly ((name: string) => unknown)[] = [
      (name) => ({ [name]: core }),
      (name) => ({ a: [{ b: { [name]: { c: [core] } } }] }),
      (name) => new Map([[name, core]]),
      (name) => new Map<unknown, unknown>([[{ a: 1 }, { [name]: core }]]),
      (name) => new Headers([[name.replaceAll(' ', '-'), core]]),
      (name) => new URLSearchParams([[name, core]]),
      (name) => {
        const form = new FormData();
        form.append(name, core);
        form.append(name, core);
        return form;
      },
      (name) => [[name, core]],
      (name) => [name, core],
      (name) => [{ name, value: core }],
      (name) => [{ value: [core], key: name }],
      (name) => ['run', `--${name}`, core],
      (name) => ['run', `--${name}=${core}`],
      (name) => ({ body: JSON.stringify({ [name]: core }) }),
      (name) => new Error(`${name}=${core}`),
      (name) => new URL(`https://example.com/?${new URLSearchParams([[name, core]])}`),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.constantFrom(...objects), policies, (name, make, policy) => {
        expect(wire(make(name), policy).includes(core)).toBe(false);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('what holds no secret', () => {
  it.each(HARMLESS)('leaves the process unchanged: %j', (text) => {
    for (const [name, wrap] of Object.entries(WRAPPINGS)) {
      expect([name, withoutSecrets(wrap(text))]).toEqual([name, wrap(text)]);
    }
  });

  it('leaves the process unchanged, whatever stands beside what', () => {
    const texts = fc.array(fc.constantFrom(...HARMLESS), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(texts, fc.constantFrom('\n', '\n\n', '\r\n- '), (parts, between) => {
        const text = parts.join(between);
        expect(withoutSecrets(text)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['ids', fc.uuid()],
    ['hashes', fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 7, maxLength: 64 })],
    ['Base64', fc.base64String({ maxLength: 4_000 })],
    ['numbers', fc.double().map(String)],
    ['addresses', fc.webUrl({ withQueryParameters: false, withFragments: false })],
    ['mail addresses', fc.emailAddress()],
    ['dates', fc.date({ noInvalidDate: true }).map((date) => date.toISOString())],
    ['paths', fc.array(fc.constantFrom('src', 'a-b', 'token.ts', 'node_modules', 'x_1')).map((path) => path.join('/'))],
  ])('leaves the process unchanged: %s', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(withoutSecrets(text)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  it('stays what it is beside a secret, and a text without secrets is found to have none again', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...HARMLESS),
        fc.constantFrom(...Object.values(KINDS)).chain((kind) => kind),
        (text, { text: secret }) => {
          const once = withoutSecrets(`${text}\n\n${secret}\n\n${text}`);
          expect(once.startsWith(`${text}\n`) && once.endsWith(`\n${text}`) && once.includes(REDACTED)).toBe(true);
          expect(withoutSecrets(once)).toBe(once);
        },
      ),
      { numRuns: 300 },
    );
  });
});
