import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Attributes, SpanKind, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { pipelineSpans } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';
import {
  buildTimelines,
  type RecordedSpan,
  readFinishedSpans,
  renderText,
  type SessionTimeline,
} from '../../src/replay.ts';
import { recordEachTest } from '../support/recording.ts';
import { outline } from './outline.ts';
import { picksUp, Recording } from './recording.ts';

// What instrumentations and agent frameworks record inside runs of Baton, told as one story.

const memory = recordEachTest({ spanProcessors: [pipelineSpans({ handoffs: true })] });
let baton: Baton;

beforeEach(() => {
  baton = new Baton({ agent: 'shop' });
});

/** A span of a framework, whose own session is another one. */
function span<T>(name: string, attributes: Attributes, inside: () => T, kind: SpanKind = SpanKind.INTERNAL): T {
  return trace.getTracer('a-framework').startActiveSpan(name, { kind, attributes }, (active) => {
    active.setAttribute('session.id', 'of-the-framework');
    try {
      return inside();
    } finally {
      active.end();
    }
  });
}

function agent<T>(name: string, inside: () => T, more: Attributes = {}): T {
  const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name, ...more };
  return span(`invoke_agent ${name}`, attributes, inside);
}

function tool<T>(name: string, inside: () => T, more: Attributes = {}): T {
  const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name, ...more };
  return span(`execute_tool ${name}`, attributes, inside);
}

function chat(tokens: number, more: Attributes = {}): void {
  const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm', ...used(tokens), ...more };
  span('chat m', attributes, () => {}, SpanKind.CLIENT);
}

function used(tokens: number): Attributes {
  return { 'gen_ai.usage.input_tokens': tokens, 'gen_ai.usage.output_tokens': 0 };
}

function told(): SessionTimeline {
  const timelines = buildTimelines(readFinishedSpans(memory.spans()));
  expect(timelines.map(({ id }) => id)).toEqual(['S-1']);
  return timelines[0] as SessionTimeline;
}

function session(inside: () => void): SessionTimeline {
  baton.withSession({ id: 'S-1', kind: 'multi_agent' }, () => baton.withRun({ agent: 'front-desk' }, inside));
  return told();
}

describe('the session of a span', () => {
  it('is that of the run it hangs below, whatever session an instrumentation gave it', () => {
    const timeline = session(() => agent('triage', () => tool('look', () => chat(1))));
    expect(outline(timeline)).toEqual([
      'run front-desk',
      '  foreign invoke_agent triage',
      '    tool look',
      '      model-call m',
    ]);
  });

  it('is that of the run by its id, where the run itself has not arrived', () => {
    baton.withSession({ id: 'S-1' }, () =>
      baton.withRun({ agent: 'front-desk' }, () => {
        baton.withWorkflowStep({ stepKey: 'look' }, () => {});
        chat(1);
      }),
    );
    const spans = readFinishedSpans(memory.spans()).filter(({ name }) => name !== 'invoke_agent front-desk');
    const timelines = buildTimelines(spans);
    expect(timelines.map((timeline) => [timeline.id, outline(timeline).sort()])).toEqual([
      ['S-1', ['model-call m', 'step look']],
    ]);
  });

  it('stays its own, where a session of ours is inside the run of another', () => {
    baton.withSession({ id: 'outer' }, () =>
      baton.withRun({ agent: 'triage' }, () =>
        baton.withSession({ id: 'inner' }, () => baton.withRun({ agent: 'billing' }, () => chat(1))),
      ),
    );
    const timelines = buildTimelines(readFinishedSpans(memory.spans()));
    // Both begin in one millisecond: which is told first is not the question here.
    expect(Object.fromEntries(timelines.map((timeline) => [timeline.id, outline(timeline)]))).toEqual({
      outer: ['run triage'],
      inner: ['run billing', '  model-call m'],
    });
  });
});

describe("a framework's own span of the agent that a run is", () => {
  it('is one row with the run, and what is inside of it moves up', () => {
    const timeline = session(() =>
      baton.withChildRun({ agent: { key: 'billing-desk', name: 'Billing desk' } }, () =>
        agent('billing_desk', () => tool('refund', () => chat(7)), used(7)),
      ),
    );
    expect(outline(timeline)).toEqual([
      'run front-desk',
      '  run Billing desk',
      '    tool refund',
      '      model-call m',
    ]);
    expect(timeline.usage).toEqual({ inputTokens: 7, outputTokens: 0 });
    expect(timeline.entries[0]?.children[0]).toMatchObject({ type: 'run', usage: { inputTokens: 7 } });
    expect(timeline.spanCount).toBe(6);
  });

  it('is a row of its own, where the agent is another, or a run of ours', () => {
    const timeline = session(() => {
      agent('triage', () => {});
      baton.withChildRun({ agent: 'front-desk' }, () => {});
    });
    // The SDK's own spans start at whole milliseconds: which of the two comes first is not told.
    expect(outline(timeline).sort()).toEqual(['  foreign invoke_agent triage', '  run front-desk', 'run front-desk']);
  });

  it('is a row of its own, where it failed and the run did not', () => {
    const recording = new Recording();
    const run = recording.run(recording.session([0, 99]), 'Triage', [1, 98]);
    const attributes = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'Triage',
      'baton.run.id': run.attributes['baton.run.id'],
    };
    recording.add('invoke_agent Triage', 'internal', run, [2, 50], { attributes, error: 'no answer' });
    const [timeline] = buildTimelines(recording.spans);
    expect(outline(timeline)).toEqual(['run Triage', '  foreign invoke_agent Triage failed: no answer']);
    expect(timeline?.failures).toHaveLength(1);
  });

  it('leaves its events and what was dropped of it to the run', () => {
    const recording = new Recording();
    const run = recording.run(recording.session([0, 99]), 'Triage', [1, 98]);
    const inside = recording.add('invoke_agent Triage', 'internal', run, [2, 50], {
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': 'Triage',
        'baton.run.id': run.attributes['baton.run.id'],
      },
      events: [{ name: 'retried', timeUnixNano: run.startUnixNano + 5n, attributes: {} }],
    });
    const spans = recording.spans.map((one) =>
      one === inside ? { ...one, dropped: { attributes: 0, events: 3, links: 0 } } : one,
    );
    const [timeline] = buildTimelines(spans);
    expect(timeline?.entries[0]).toMatchObject({ events: [{ name: 'retried' }], dropped: { events: 3 }, children: [] });
    expect(timeline?.dropped).toEqual({ attributes: 0, events: 3, links: 0 });
  });
});

describe('a handoff that pipelineSpans has linked', () => {
  it('is told as a handoff, in the path and in the statistics', () => {
    const timeline = session(() =>
      agent('triage', () => tool('transfer_to_billing', () => agent('billing', () => agent('audit', () => {})))),
    );
    expect(outline(timeline)).toEqual([
      'run front-desk',
      '  foreign invoke_agent triage',
      '    tool transfer_to_billing',
      '      handoff triage → billing accepted',
      '      foreign invoke_agent billing',
      '        foreign invoke_agent audit',
    ]);
    expect(timeline.statistics).toMatchObject({ count: 1, byStatus: { accepted: 1 }, path: 'triage → billing' });
    expect(timeline.statistics.agents.map(({ key }) => key)).toEqual(['front-desk', 'triage', 'billing']);
    expect(renderText(timeline)).toContain('handoff → billing  from triage · accepted');
  });

  it('is taken by the run that is the same agent, which has its key and its name', () => {
    const timeline = session(() =>
      agent('triage', () =>
        tool('transfer_to_billing', () =>
          baton.withChildRun({ agent: { key: 'billing', name: 'Billing desk' } }, () =>
            agent('Billing desk', () => {}),
          ),
        ),
      ),
    );
    expect(outline(timeline).slice(3)).toEqual([
      '      handoff triage → Billing desk accepted',
      '      run Billing desk',
    ]);
    expect(timeline.statistics.path).toBe('triage → Billing desk');
    expect(renderText(timeline)).toContain('● Billing desk  ← triage');
  });

  it('is known by source and target on the span, where the backend lost the attributes of links', () => {
    session(() => agent('triage', () => tool('transfer_to_billing', () => agent('billing', () => {}))));
    const spans = readFinishedSpans(memory.spans()).map((one) => ({
      ...one,
      links: one.links.map((link) => ({ ...link, attributes: {} })),
    }));
    expect(buildTimelines(spans)[0]?.statistics).toMatchObject({ count: 1, path: 'triage → billing' });
  });

  it('is not told twice, where the app tells of it as well', () => {
    const timeline = session(() =>
      agent('triage', () =>
        tool('transfer_to_billing', () => {
          baton.trackHandoffRequested({ target: 'billing', reason: 'a refund' });
          baton.withChildRun({ agent: 'billing' }, () => agent('billing', () => {}));
        }),
      ),
    );
    expect(timeline.handoffs.map(({ status, reason }) => [status, reason])).toEqual([['accepted', 'a refund']]);
    expect(timeline.missingHandoffs).toBeUndefined();
  });

  it('is one for each agent, though all of them come from one call', () => {
    const timeline = session(() =>
      agent('triage', () =>
        tool('delegate', () => {
          agent('billing', () => {});
          agent('legal', () => {});
        }),
      ),
    );
    expect(timeline.statistics.count).toBe(2);
    expect(timeline.statistics.path.split(', ').sort()).toEqual(['triage → billing', 'triage → legal']);
  });
});

describe('usage', () => {
  const usageOf = (inside: () => void) => session(inside).usage;
  const ofChat = (tokens: number, inside: () => void) =>
    baton.withLlmCall({ model: 'm' }, (call) => {
      inside();
      call.setUsage({ inputTokens: tokens });
    });

  it('of a call that the app and an instrumentation both recorded counts once', () => {
    expect(usageOf(() => ofChat(100, () => chat(100)))).toMatchObject({ inputTokens: 100 });
  });

  it('of a call that only the instrumentation measured counts', () => {
    expect(usageOf(() => baton.withLlmCall({ model: 'm' }, () => chat(100)))).toMatchObject({ inputTokens: 100 });
  });

  it('of calls below a run that says itself what it used counts once', () => {
    const timeline = session(() =>
      baton.withChildRun({ agent: 'billing' }, (run) => {
        chat(40);
        chat(60);
        run.setUsage({ inputTokens: 100 });
      }),
    );
    expect(timeline.usage).toMatchObject({ inputTokens: 100 });
  });

  it('of a run that sums up its own calls has those of the instrumentation beside them', () => {
    expect(
      usageOf(() => {
        ofChat(100, () => chat(100));
        chat(11);
      }),
    ).toMatchObject({ inputTokens: 111 });
  });

  it('of an agent that sums up its calls counts once, and that of an agent inside of it as well', () => {
    const inner = () => agent('billing', () => chat(20), used(20));
    const outer = () => {
      chat(10);
      tool('transfer_to_billing', inner);
    };
    expect(usageOf(() => agent('triage', outer, used(10)))).toMatchObject({ inputTokens: 30 });
  });

  it('of child runs adds up', () => {
    expect(
      usageOf(() => {
        chat(1);
        baton.withChildRun({ agent: 'billing' }, (run) => {
          chat(2);
          run.setUsage({ inputTokens: 5 });
          baton.withChildRun({ agent: 'audit' }, () => chat(10));
        });
      }),
    ).toMatchObject({ inputTokens: 16 });
  });

  it('is read under the names that older instrumentations give it', () => {
    const older = { 'llm.token_count.prompt': 3, 'llm.token_count.completion': 4 };
    expect(usageOf(() => span('LLM', older, () => {}))).toEqual({ inputTokens: 3, outputTokens: 4 });
  });

  it('is that of the calls, however often and by whomever it is reported', () => {
    interface Work {
      readonly kind: 'run' | 'agent' | 'step' | 'call';
      readonly tokens: number;
      readonly reports: boolean;
      readonly inside: readonly Work[];
    }
    const { work } = fc.letrec<{ work: Work }>((tie) => ({
      work: fc.record({
        kind: fc.constantFrom('run', 'agent', 'step', 'call'),
        tokens: fc.nat(100),
        reports: fc.boolean(),
        inside: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie('work'), { maxLength: 3 })),
      }),
    }));
    // A call is measured once at the least; what is around it may sum up what is inside, child runs left out.
    const ownOf = ({ kind, tokens, inside }: Work): number =>
      kind === 'call' ? tokens : inside.reduce((sum, one) => sum + (one.kind === 'run' ? 0 : ownOf(one)), 0);
    const allOf = ({ kind, tokens, inside }: Work): number =>
      kind === 'call' ? tokens : inside.reduce((sum, one) => sum + allOf(one), 0);
    const record = (recording: Recording, parent: RecordedSpan, one: Work): void => {
      const attributes = one.reports || one.kind === 'call' ? used(ownOf(one)) : {};
      const time = [1, 2] as const;
      if (one.kind === 'call') {
        const call = recording.model(parent, 'm', time, { attributes });
        // The same call, as an instrumentation sees it.
        if (one.reports) recording.model(call, 'm', time, { attributes });
        return;
      }
      const agent = {
        ...attributes,
        'gen_ai.operation.name': 'invoke_agent',
        'baton.run.id': parent.attributes['baton.run.id'],
      };
      const span =
        one.kind === 'run'
          ? recording.run(parent, 'Billing', time, { attributes })
          : one.kind === 'step'
            ? recording.step(parent, 'look', time, { attributes })
            : recording.add('invoke_agent x', 'internal', parent, time, { attributes: agent });
      for (const each of one.inside) record(recording, span, each);
    };
    fc.assert(
      fc.property(work, (one) => {
        const recording = new Recording();
        record(recording, recording.run(undefined, 'Triage', [0, 99]), one);
        expect(buildTimelines(recording.spans)[0]?.usage?.inputTokens ?? 0).toBe(allOf(one));
      }),
      { numRuns: 300 },
    );
  });

  it('that is nothing is left out', () => {
    const text = renderText(session(() => chat(0)));
    expect(text).not.toMatch(/usage|tokens/);
  });
});

describe('content of frameworks', () => {
  const prompt = 'Please refund order A1';
  const tell = () =>
    session(() => {
      chat(1, { 'gen_ai.input.messages': prompt, 'llm.input_messages.0.message.content': prompt });
      span('ai.generateText', { 'ai.prompt': prompt, 'input.value': prompt, 'ai.model.id': 'm' }, () =>
        trace.getActiveSpan()?.addEvent('gen_ai.user.message', { content: prompt }),
      );
      tool('look', () => {}, { 'gen_ai.tool.call.arguments': prompt });
    });

  it('is folded, and the foot says so', () => {
    const text = renderText(tell());
    expect(text).not.toContain('refund');
    expect(text).toContain('content  of 3 spans folded; --content shows it');
    // Three spans, a row each and nothing below it.
    expect(text.split('\n').filter((line) => /model m|ai\.generateText|tool look/.test(line))).toHaveLength(3);
    expect(text.split('\n')).toHaveLength(12);
  });

  it('is shown when it is asked for, each under its name', () => {
    const text = renderText(tell(), { content: true });
    expect(text.match(/Please refund order A1/g)).toHaveLength(6);
    for (const key of [
      'input ',
      'llm.input_messages.0.message.content',
      'ai.prompt',
      'input.value',
      '• gen_ai.user.message',
    ]) {
      expect(text).toContain(key);
    }
    expect(text).not.toContain('folded');
  });

  it('of our own is shown as the policy let it through', () => {
    const full = new Baton({ agent: 'shop', content: 'full' });
    full.withSession({ id: 'S-1' }, () =>
      full.withTool({ tool: { name: 'look' }, arguments: { prompt } } as never, () => {}),
    );
    const text = renderText(told());
    expect(text).not.toContain('folded');
  });
});

describe('what the limits of the SDK dropped', () => {
  it('is told at its span and in the head', () => {
    const timeline = session(() => {
      const run = trace.getActiveSpan();
      for (let page = 1; page <= 140; page++) run?.addEvent('page', { page });
    });
    const text = renderText(timeline, { width: 100 });
    expect(text.match(/incomplete {2}12 events were dropped by the SDK's limits/g)).toHaveLength(2);
    expect(timeline.dropped).toEqual({ attributes: 0, events: 12, links: 0 });
  });

  it('of a session is told, too, with the handoffs that it counted and that are not there', () => {
    const recording = new Recording();
    const start = recording.session([0, 99], { 'baton.handoff.count': 3 });
    const run = recording.run(start, 'Triage', [1, 98]);
    const handoff = recording.handoff(run, 'billing', [2, 3]);
    recording.run(run, 'Billing', [4, 50], picksUp(handoff));
    const spans: RecordedSpan[] = recording.spans.map((one) =>
      one === start ? { ...one, dropped: { attributes: 1, events: 2, links: 1 } } : one,
    );
    const text = renderText(buildTimelines(spans)[0] as SessionTimeline);
    expect(text).toContain('incomplete  2 handoffs not in this recording\n');
    expect(text).toContain("incomplete  2 events, 1 link and 1 attribute were dropped by the SDK's limits\n");
  });
});

it('a step with a name and no key is a step', () => {
  const recording = new Recording();
  const run = recording.run(recording.session([0, 99]), 'Triage', [1, 98]);
  recording.add('run_step', 'internal', run, [2, 3], { attributes: { 'baton.step.name': 'Look it up' } });
  const [timeline] = buildTimelines(recording.spans);
  expect(timeline?.entries[0]?.children[0]).toMatchObject({ type: 'step', step: { name: 'Look it up' } });
  expect(renderText(timeline as SessionTimeline)).toContain('step Look it up');
});
