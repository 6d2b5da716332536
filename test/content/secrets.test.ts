import { describe, expect, it } from '@jest/globals';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { Baton } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();

/** What leaves the process, as the real exporter writes it. */
function wire(from = 0): string {
  return Buffer.from(JsonTraceSerializer.serializeRequest(recording.spans().slice(from)) ?? []).toString();
}

// Secrets by the part that may not leave the process.
const SECRETS: Record<string, (core: string) => string> = {
  'an OpenAI key': (core) => `sk-proj-${core}`,
  'a GitHub token': (core) => `ghp_${core}`,
  'a bearer token': (core) => `Bearer ${core}`,
  'a JSON web token': (core) => `eyJhbGciOiJI.${core}.${core}`,
  'a password in a URL': (core) => `postgres://ada:${core}@db/x`,
  'a password in words': (core) => `password: ${core}`,
  'a token in a query': (core) => `/a?token=${core}&page=2`,
  'a private key block': (core) => `-----BEGIN PRIVATE KEY-----\n${core}\n-----END PRIVATE KEY-----`,
};

const PLACE = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;

class Named extends Error {
  constructor(name: string) {
    super('refused');
    this.name = name;
  }
}

function failing(baton: Baton, error: unknown): void {
  try {
    baton.withTool({ tool: 'search' }, () => {
      throw error;
    });
  } catch {}
}

// Where an app can put a text, inside a session and a run. Each is given the secret with its surroundings.
const PLACES: Record<string, (baton: Baton, text: string) => unknown> = {
  'a session’s id': (baton, id) => baton.withSession({ id }, () => {}),
  'a session’s name': (baton, name) => baton.withSession({ name }, () => {}),
  'a session’s kind': (baton, kind) => baton.withSession({ kind }, () => {}),
  'a session’s summaries': (baton, text) =>
    baton.withSession({ inputSummary: text }, (session) => session.setOutputSummary({ text })),
  'a session’s user, conversation and predecessor': (baton, text) =>
    baton.withSession({ userId: text, conversationId: text, previousSessionId: text, environment: text }, () => {}),
  'the id of a session that a run joins': (baton, sessionId) => baton.withRun({ sessionId }, () => {}),
  'the id of a session that a tool call joins': (baton, sessionId) =>
    baton.withTool({ tool: 'search', runId: PLACE, sessionId }, () => {}),
  'the id of a session that a handoff joins': (baton, sessionId) => baton.trackHandoffRequested({ sessionId }),
  'what follows a valid run id': (baton, text) => baton.withRun({ parentRunId: `${PLACE}-${text}` }, () => {}),
  'what follows a valid handoff id': (baton, text) => baton.withRun({ handoffId: `${PLACE}-${text}` }, () => {}),
  'an agent’s key': (baton, agent) => baton.withRun({ agent }, () => {}),
  'an agent’s words': (baton, text) =>
    baton.withRun({ agent: { key: 'billing', name: text, description: text, version: text } }, () => {}),
  'an agent that is set later': (baton, text) => baton.withRun({}, (run) => run.setAgent({ key: text, name: text })),
  'a run’s step, role and environment': (baton, text) =>
    baton.withRun({ stepKey: text, stepName: text, role: text, environment: text }, () => {}),
  'a run’s summaries': (baton, text) =>
    baton.withRun({ inputSummary: { a: [{ text }] } }, (run) => run.setOutputSummary(text)),
  'a child run’s step': (baton, text) => baton.withChildRun({ stepKey: text, stepName: text }, () => {}),
  'a step': (baton, text) =>
    baton.withWorkflowStep({ stepKey: text, stepName: text, payloadSummary: text }, (step) =>
      step.setPayloadSummary({ text }),
    ),
  metadata: (baton, text) => baton.withRun({ metadata: { text } }, (run) => run.setMetadata({ later: text })),
  'nested metadata': (baton, text) =>
    baton.withRun({ metadata: { a: { b: [{ c: text }] }, list: [[text]], json: JSON.stringify({ text }) } }, () => {}),
  'a key of metadata': (baton, text) => baton.withRun({ metadata: { [text]: 1, a: { [text]: 1 } } }, () => {}),
  'a Map, a Set, an Error, a URL and what toJSON gives': (baton, text) =>
    baton.withRun(
      {
        metadata: {
          map: new Map([['a', text]]),
          keys: new Map([[text, 1]]),
          set: new Set([text]),
          error: new Error(text),
          named: new Named(text),
          json: { toJSON: () => ({ text }) },
          boxed: Object(text),
        },
      },
      () => {},
    ),
  'a tool': (baton, text) =>
    baton.withTool({ tool: { name: text, provider: text, riskLevel: text, type: text, description: text } }, (call) =>
      call.setResult({ text }),
    ),
  'a tool call’s action and resource': (baton, text) =>
    baton.withTool(
      {
        tool: 'search',
        action: { type: text, name: text, riskLevel: text },
        resource: { type: text, externalId: text, provider: text, environment: text },
      },
      () => {},
    ),
  'a tool call’s ids and arguments': (baton, text) =>
    baton.withTool({ tool: 'search', callId: text, idempotencyKey: text, arguments: [text, { text }] }, () => {}),
  'a call over MCP': (baton, text) =>
    baton.withMcpCall(
      {
        server: text,
        tool: text,
        riskLevel: text,
        actionType: text,
        actionName: text,
        resourceType: text,
        resourceProvider: text,
        resourceId: text,
        environment: text,
      },
      () => {},
    ),
  'a model call': (baton, text) =>
    baton.withLlmCall({ model: text, provider: text, operation: text, messages: [{ content: text }] }, (call) =>
      call.setResponse({
        id: text,
        model: text,
        finishReasons: [text],
        messages: text,
        usage: { cost: { [text]: 1 } },
      }),
    ),
  'a handoff': (baton, text) =>
    baton.trackHandoffRequested({
      target: text,
      reason: text,
      reasonType: text,
      payloadSummary: { text },
      metadata: { text },
      mode: text as never,
    }),
  'a handoff to an agent with that key, and its link': (baton, text) => {
    baton.trackHandoffRequested({ target: text });
    baton.withChildRun({ agent: text }, () => baton.trackHandoffCompleted());
  },
  'a handoff to whoever comes, with that key': (baton, text) => {
    baton.trackHandoffRequested({});
    baton.withChildRun({ stepKey: text }, () => baton.trackHandoffReturned());
  },
  'the answer to a handoff': (baton, text) => {
    baton.trackHandoffRequested({ target: 'billing' });
    baton.withChildRun({ agent: 'billing' }, () => {
      baton.trackHandoffCompleted({ reason: text, payloadSummary: text });
      baton.trackHandoffReturned({ reason: text, payloadSummary: { text } });
    });
  },
  'the error of a handoff': (baton, text) => {
    baton.trackHandoffRequested({ target: 'billing' });
    baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffFailed({ error: new Error(text), reason: text }));
  },
  'the name of the error of a handoff': (baton, text) => {
    baton.trackHandoffRequested({ target: 'billing' });
    baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffFailed({ error: new Named(text) }));
  },
  'what crosses with a handoff': (baton, text) =>
    baton.trackHandoffRequested({
      context: { metadataKeys: [text], filtered: [text], content: [{ role: 'user', text, [text]: 1 }] },
    }),
  'an approval': (baton, text) => {
    const tool = { name: text, riskLevel: text };
    const asked = { id: text, tool, approver: text, reason: text, payloadSummary: { text }, metadata: { text } };
    baton.withApproval(asked, (approval) => approval.approve({ approver: text, reason: text }));
  },
  'an approval that is decided elsewhere': (baton, text) =>
    baton.resolveApproval({
      carrier: { traceparent: PLACE, 'baton-approval': text, 'baton-session': text },
      status: 'rejected',
      approver: text,
      reason: text,
      tool: text,
    }),
  'a session with a trace per run': (baton, text) =>
    baton.withSession({ id: text, kind: text, trace: 'per-run', inputSummary: text }, () =>
      baton.withRun({}, () => {}),
    ),
  'a session that is resumed': (baton, text) =>
    baton.resumeSession({ carrier: { traceparent: PLACE, 'baton-session': text } }, (session) => {
      session.setMetadata({ carrier: session.suspend() });
    }),
  'the session in a carrier': (baton, text) =>
    baton.withRun({ carrier: { traceparent: PLACE, 'baton-session': text } }, () => {}),
  'the source in a carrier': (baton, text) =>
    baton.withRun({ carrier: { traceparent: PLACE, 'baton-handoff': PLACE, 'baton-source': text } }, () => {}),
  'an event’s type': (baton, type) => baton.track({ type }),
  'an event’s payload': (baton, text) => baton.track({ type: 'note', payload: { text, [text]: { deep: [text] } } }),
  'an error’s message and stack': (baton, text) => failing(baton, new Error(text)),
  'an error’s name': (baton, text) => failing(baton, new Named(text)),
  'an error’s code': (baton, code) => failing(baton, Object.assign(new Error('refused'), { code })),
  'an error’s cause': (baton, text) => failing(baton, new Error('refused', { cause: new Error(text) })),
  'an error’s stack': (baton, stack) => failing(baton, Object.assign(new Error('refused'), { stack })),
  'a thrown text': (baton, text) => failing(baton, text),
  'a thrown object': (baton, text) => failing(baton, { message: text, name: text, code: text, stack: text }),
  'a captured error': (baton, text) => baton.captureError({ error: new Error(text), metadata: { text } }),
};

/** Puts a text into a place, in a pipeline of its own; gives what left the process. */
function planted(place: string, text: string): string {
  const before = recording.spans().length;
  const baton = new Baton({ agent: 'triage', content: 'full' });
  baton.withSession({ kind: 'pipeline' }, () => baton.withRun({}, () => void PLACES[place]?.(baton, text)));
  expect(recording.spans().length - before).toBeGreaterThanOrEqual(2);
  return wire(before);
}

describe('a secret that a rule knows', () => {
  const core = 'Zq7Wb3Xk9Lm2Vt5Rn8Pd4';

  it.each(Object.keys(PLACES))('does not leave the process in %s', (place) => {
    const out = Object.entries(SECRETS)
      .filter(([, secret]) =>
        planted(place, `ticket 7, ${secret(core)} was given`)
          .toLowerCase()
          .includes(core.toLowerCase()),
      )
      .map(([name]) => name);
    expect(out).toEqual([]);
  });

  it('is what the places above would let out without a rule: the test would notice', () => {
    const silent = Object.keys(PLACES).filter(
      (place) => !planted(place, 'ticketseventyseven').includes('ticketseventyseven'),
    );
    // No part of an id is written at all.
    expect(silent).toEqual(['what follows a valid run id', 'what follows a valid handoff id']);
  });

  it.each(['password', 'api_key', 'Authorization'])(
    'does not leave the process under the key %s, however deep',
    (key) => {
      const secret = { [key]: core, deep: [{ [key]: [core], map: new Map([[key, { value: core }]]) }] };
      const baton = new Baton({ agent: 'triage', content: 'full' });
      baton.withSession({ inputSummary: secret, metadata: secret }, (session) => {
        session.setOutputSummary(secret);
        baton.withRun({ inputSummary: secret, metadata: secret }, () => {
          baton.withTool({ tool: 'login', arguments: secret }, (call) => call.setResult([secret]));
          baton.withLlmCall({ messages: secret }, (call) => call.setResponse({ messages: secret }));
          baton.trackHandoffRequested({ target: 'billing', payloadSummary: secret, metadata: secret });
          baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffRejected({ payloadSummary: secret }));
          baton.track({ type: 'note', payload: secret });
          baton.captureError({ error: new Error('refused'), metadata: secret });
        });
      });
      expect(recording.spans()).toHaveLength(7);
      expect(wire()).not.toContain(core);
      expect(wire().match(/\[REDACTED\]/g)?.length).toBeGreaterThan(20);
    },
  );

  it('does not leave the process, whatever stands around it and wherever it is planted', () => {
    const alphanumeric = fc.constantFrom(...'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789');
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(PLACES)),
        fc.constantFrom(...Object.keys(SECRETS)),
        fc.string({ unit: alphanumeric, minLength: 24, maxLength: 40 }),
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (place, kind, secret, before, after) => {
          const text = `${before} ${SECRETS[kind]?.(secret)} ${after}`;
          expect(planted(place, text).toLowerCase().includes(secret.toLowerCase())).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});
