import { describe, expect, it } from '@jest/globals';
import { Baton, type ContentPolicy } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();

/** Says everything that can be said, each content with its field's name in it. */
function sayEverything(baton: Baton): void {
  baton.withSession({ kind: 'pipeline', inputSummary: '<session.inputSummary>' }, (session) => {
    session.setOutputSummary('<session.outputSummary>');
    baton.withRun({ inputSummary: '<run.inputSummary>', metadata: { ticket: '<run.metadata>' } }, (run) => {
      run.setOutputSummary('<run.outputSummary>');
      baton.withWorkflowStep({ stepKey: 'check', payloadSummary: '<step.payloadSummary>' }, () => {});
      baton.withTool({ tool: 'search', arguments: { query: '<tool.arguments>' } }, (call) =>
        call.setResult(['<tool.result>']),
      );
      baton.withLlmCall({ model: 'gpt-5.5', messages: [{ content: '<model.messages>' }] }, (call) =>
        call.setResponse({ id: 'resp_1', messages: [{ content: '<model.response>' }], usage: { inputTokens: 7 } }),
      );
      const handoff = baton.trackHandoffRequested({
        target: 'billing',
        reason: '<handoff.reason>',
        reasonType: 'escalation',
        payloadSummary: { about: '<handoff.payloadSummary>' },
      });
      baton.withChildRun({ agent: 'billing', handoffId: handoff.id, payloadSummary: '<child.payloadSummary>' }, () => {
        baton.trackHandoffRejected({ reason: '<answer.reason>', payloadSummary: '<answer.payloadSummary>' });
        baton.track({ type: 'note', payload: { text: '<track.payload>' } });
        baton.captureError({ error: new Error('<error.message>') });
      });
    });
  });
}

const SUMMARIES = [
  '<session.inputSummary>',
  '<session.outputSummary>',
  '<run.inputSummary>',
  '<run.outputSummary>',
  '<step.payloadSummary>',
  '<handoff.reason>',
  '<handoff.payloadSummary>',
  '<child.payloadSummary>',
  '<answer.reason>',
  '<answer.payloadSummary>',
];
const FULL = ['<tool.arguments>', '<tool.result>', '<model.messages>', '<model.response>'];
/** The app's own facts, and what went wrong. */
const ALWAYS = ['<run.metadata>', '<track.payload>', '<error.message>'];

/** Which of the contents above left the process. */
function written(): string[] {
  const text = JSON.stringify(
    recording.spans().map(({ name, attributes, events, links, status }) => [name, attributes, events, links, status]),
  );
  return [...SUMMARIES, ...FULL, ...ALWAYS].filter((content) => text.includes(content));
}

describe('the content policy', () => {
  it.each<[ContentPolicy | undefined, string[]]>([
    ['none', ALWAYS],
    ['summaries', [...SUMMARIES, ...ALWAYS]],
    [undefined, [...SUMMARIES, ...ALWAYS]],
    ['full', [...SUMMARIES, ...FULL, ...ALWAYS]],
  ])('%s lets out what it says', (content, expected) => {
    sayEverything(new Baton({ agent: 'triage', content }));
    expect(written()).toEqual(expected);
  });

  it.each<ContentPolicy>(['none', 'summaries', 'full'])('%s keeps names, ids, words and counts', (content) => {
    sayEverything(new Baton({ agent: 'triage', content }));
    const [attributes] = recording
      .spans()
      .filter(({ name }) => name === 'handoff billing')
      .map((span) => span.attributes);
    expect(attributes).toMatchObject({
      'baton.handoff.source': 'triage',
      'baton.handoff.target': 'billing',
      'baton.handoff.reason_type': 'escalation',
      'baton.handoff.status': 'rejected',
    });
    const usage = recording.spans().map((span) => span.attributes['gen_ai.usage.input_tokens']);
    expect(usage.filter((count) => count === 7)).toHaveLength(2);
  });

  it('puts each content under the key of the span model', () => {
    sayEverything(new Baton({ agent: 'triage', content: 'full' }));
    const keys: Record<string, string> = {};
    for (const { attributes } of recording.spans()) {
      for (const [key, value] of Object.entries(attributes)) {
        for (const content of [...SUMMARIES, ...FULL]) if (String(value).includes(content)) keys[content] = key;
      }
    }
    expect(keys).toEqual({
      '<session.inputSummary>': 'baton.session.input_summary',
      '<session.outputSummary>': 'baton.session.output_summary',
      '<run.inputSummary>': 'baton.run.input_summary',
      '<run.outputSummary>': 'baton.run.output_summary',
      '<step.payloadSummary>': 'baton.step.payload_summary',
      '<handoff.reason>': 'baton.handoff.reason',
      '<handoff.payloadSummary>': 'baton.handoff.payload_summary',
      '<child.payloadSummary>': 'baton.run.input_summary',
      '<answer.reason>': 'baton.handoff.reason',
      '<answer.payloadSummary>': 'baton.handoff.payload_summary',
      '<tool.arguments>': 'gen_ai.tool.call.arguments',
      '<tool.result>': 'gen_ai.tool.call.result',
      '<model.messages>': 'gen_ai.input.messages',
      '<model.response>': 'gen_ai.output.messages',
    });
  });

  it('shows the reason of a handoff to the app’s own statistics only as far as it is recorded', () => {
    for (const [content, reason] of [
      ['none', undefined],
      ['summaries', 'password: [REDACTED]'],
    ] as const) {
      new Baton({ agent: 'triage', content }).withSession({}, (session) => {
        const baton = new Baton({ agent: 'triage', content });
        baton.withRun({}, () => baton.trackHandoffRequested({ target: 'billing', reason: 'password: hunter2' }));
        expect([...session.handoffs].map((handoff) => handoff.reason)).toEqual([reason]);
      });
    }
  });

  it('does not read what it does not let out', () => {
    const read: string[] = [];
    const watched = (name: string): object => ({
      get text() {
        read.push(name);
        return name;
      },
    });
    const say = (content: ContentPolicy): string[] => {
      read.length = 0;
      const baton = new Baton({ agent: 'triage', content });
      baton.withRun({ inputSummary: watched('summary') }, () => {
        baton.withTool({ tool: 'search', arguments: watched('arguments') }, (call) =>
          call.setResult(watched('result')),
        );
      });
      return [...read];
    };
    expect(say('none')).toEqual([]);
    expect(say('summaries')).toEqual(['summary']);
    expect(say('full')).toEqual(['summary', 'arguments', 'result']);
  });

  it.each([
    ['BATON_CONTENT', 'none', ALWAYS],
    ['BATON_CONTENT', 'full', [...SUMMARIES, ...FULL, ...ALWAYS]],
    ['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'true', [...SUMMARIES, ...FULL, ...ALWAYS]],
    ['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'SPAN_AND_EVENT', [...SUMMARIES, ...FULL, ...ALWAYS]],
    ['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'NO_CONTENT', [...SUMMARIES, ...ALWAYS]],
    ['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'EVENT_ONLY', [...SUMMARIES, ...ALWAYS]],
  ])('comes from the environment, %s=%s, where the app says nothing', (name, value, expected) => {
    process.env[name] = value;
    try {
      sayEverything(new Baton({ agent: 'triage' }));
      expect(written()).toEqual(expected);
    } finally {
      delete process.env[name];
    }
  });

  it('of the app is stronger than that of the environment', () => {
    process.env.BATON_CONTENT = 'full';
    try {
      sayEverything(new Baton({ agent: 'triage', content: 'none' }));
      expect(written()).toEqual(ALWAYS);
    } finally {
      delete process.env.BATON_CONTENT;
    }
  });
});
