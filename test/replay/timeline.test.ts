import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildTimelines, type RecordedSpan, readOtlpJson, type SessionTimeline } from '../../src/replay.ts';
import { outline } from './outline.ts';
import { event, picksUp, Recording, without } from './recording.ts';

const PIPELINE = readFileSync(new URL('../fixtures/otlp/pipeline-001-by-hand.otlp.json', import.meta.url), 'utf8');

function only(spans: readonly RecordedSpan[]): SessionTimeline {
  const timelines = buildTimelines(spans);
  expect(timelines).toHaveLength(1);
  return timelines[0] as SessionTimeline;
}

describe('the timeline of the escalation pipeline', () => {
  const timeline = only(readOtlpJson(PIPELINE).spans);

  it('says which session it was, how it ended, what went in', () => {
    const { entries, handoffs, ...head } = timeline;
    const orchestrator = { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' };
    const worker = { key: 'response-worker', name: 'Response worker' };
    expect(head).toEqual({
      id: 'SUP-123',
      kind: 'pipeline',
      name: 'pipeline',
      status: 'completed',
      startUnixMs: 1795251600000,
      durationMs: 2400,
      inputSummary: 'Handle urgent enterprise support escalation',
      metadata: { triggerKind: 'support_escalation' },
      events: [],
      failures: [],
      statistics: {
        count: 1,
        byStatus: { accepted: 1 },
        path: 'Support Ops Orchestrator → Response worker',
        chains: [[orchestrator, worker]],
        agents: [orchestrator, worker],
        loop: false,
      },
      traceIds: ['6d1f0c2a9b3e4f5061728394a5b6c7d8'],
      spanCount: 7,
      sessionSpanCount: 1,
      missingParents: 0,
    });
  });

  it('tells who did what, the answer folded into its handoff', () => {
    expect(outline(timeline)).toEqual([
      'run Support Ops Orchestrator',
      '  step triage-ticket',
      '  handoff Support Ops Orchestrator → Response worker accepted',
      '  run Response worker',
      '    tool support.compose_reply',
    ]);
  });

  it('has times, step and role of each entry', () => {
    expect(timeline.entries[0]?.children[2]).toMatchObject({
      type: 'run',
      id: '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-37e5b8c20d91f64a-01',
      parentId: '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-1b7d90e2c4a65f38-01',
      agent: { key: 'response-worker', name: 'Response worker' },
      role: 'worker',
      step: { key: 'response-worker', name: 'Response worker', index: 2 },
      status: 'completed',
      startUnixMs: 1795251600690,
      offsetMs: 690,
      durationMs: 1650,
      events: [],
    });
    expect(timeline.entries[0]?.children[2]?.children[0]).toMatchObject({
      type: 'tool',
      tool: { name: 'support.compose_reply', riskLevel: 'low' },
      action: { type: 'write', name: 'support.compose_reply' },
      resource: { type: 'work_item', id: 'SUP-123' },
    });
  });

  it('tells the handoff whole: who, to whom, why, with what, how long it waited, who took over', () => {
    expect(timeline.handoffs).toEqual([
      {
        id: '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-a94d06f1e3827c5b-01',
        traceId: '6d1f0c2a9b3e4f5061728394a5b6c7d8',
        spanId: 'a94d06f1e3827c5b',
        source: { key: 'support-ops-orchestrator', name: 'Support Ops Orchestrator' },
        target: { key: 'response-worker', name: 'Response worker' },
        mode: 'return_to_caller',
        reason: 'Delegate customer response draft',
        payloadSummary: '{"ticketId":"SUP-123","priority":"urgent"}',
        status: 'accepted',
        startUnixMs: 1795251600610,
        offsetMs: 610,
        waitMs: 90,
        answers: [
          {
            status: 'accepted',
            offsetMs: 699.9,
            afterMs: 89.9,
            agent: { key: 'response-worker', name: 'Response worker' },
          },
        ],
        receiver: {
          runId: '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-37e5b8c20d91f64a-01',
          traceId: '6d1f0c2a9b3e4f5061728394a5b6c7d8',
          spanId: '37e5b8c20d91f64a',
          agent: { key: 'response-worker', name: 'Response worker' },
        },
      },
    ]);
  });

  it('is plain data: JSON gives it back as it is', () => {
    expect(JSON.parse(JSON.stringify(timeline))).toEqual(timeline);
  });

  it('does not depend on the order in which the spans come, nor on how often', () => {
    const { spans } = readOtlpJson(PIPELINE);
    expect(only([...spans].reverse())).toEqual(timeline);
    expect(only([...spans, ...spans])).toEqual(timeline);
  });
});

describe('which spans belong to a session', () => {
  it('tells each session apart, the oldest first', () => {
    const late = new Recording('late', 'c'.repeat(32));
    late.run(late.session([500, 900]), 'Billing', [510, 890]);
    const early = new Recording('early');
    early.run(early.session([0, 900]), 'Triage', [10, 890]);
    const timelines = buildTimelines([...late.spans, ...early.spans]);
    expect(timelines.map((timeline) => [timeline.id, outline(timeline)])).toEqual([
      ['early', ['run Triage']],
      ['late', ['run Billing']],
    ]);
  });

  it('puts the traces of one session together', () => {
    const morning = new Recording('S-1', 'a'.repeat(32));
    morning.run(undefined, 'Triage', [0, 100]);
    const evening = new Recording('S-1', 'c'.repeat(32));
    evening.run(undefined, 'Billing', [40_000_000, 40_000_100]);
    const timeline = only([...evening.spans, ...morning.spans]);
    expect(outline(timeline)).toEqual(['run Triage', 'run Billing']);
    expect(timeline.traceIds).toEqual(['a'.repeat(32), 'c'.repeat(32)]);
    expect(timeline).toMatchObject({ durationMs: 40_000_100, sessionSpanCount: 0, missingParents: 0 });
  });

  it('takes the first part of a resumed session for its beginning and the last for its end', () => {
    const recording = new Recording();
    recording.session([0, 10], {
      'baton.session.input_summary': 'question',
      'baton.session.status': 'cancelled',
      'baton.metadata.part': 1,
      'baton.metadata.region': 'eu',
    });
    recording.session([100, 110], {
      'baton.session.input_summary': 'again',
      'baton.session.output_summary': 'answer',
      'baton.metadata.part': 2,
    });
    expect(only(recording.spans)).toMatchObject({
      inputSummary: 'question',
      outputSummary: 'answer',
      status: 'completed',
      metadata: { part: 2, region: 'eu' },
      sessionSpanCount: 2,
    });
  });

  it('tells what has no session.id under what has one, and leaves out the rest', () => {
    const recording = new Recording();
    const request = recording.add('GET /tickets', 'server', undefined, [0, 100], { attributes: { 'session.id': '' } });
    const session = recording.session([1, 90]);
    const run = recording.run(request, 'Triage', [2, 80]);
    const call = recording.add('GET', 'client', run, [3, 70], { attributes: { 'session.id': undefined } });
    recording.add('SELECT', 'client', call, [4, 60], { attributes: { 'session.id': undefined } });
    recording.add('cron', 'internal', undefined, [0, 1], { attributes: { 'session.id': undefined } });
    const timeline = only([...recording.spans].reverse());
    expect(outline(timeline)).toEqual(['run Triage', '  foreign GET', '    foreign SELECT']);
    expect(timeline.spanCount).toBe(4);
    expect(session.parentSpanId).toBeUndefined();
  });

  it('has nothing to tell of no spans', () => {
    expect(buildTimelines([])).toEqual([]);
  });
});

describe('a recording with holes', () => {
  function pipeline() {
    const recording = new Recording();
    const session = recording.session([0, 100]);
    const run = recording.run(session, 'Triage', [1, 99]);
    const step = recording.step(run, 'look', [2, 50]);
    const tool = recording.tool(step, 'search', [3, 40]);
    return { ...recording, spans: recording.spans, session, run, step, tool };
  }

  it('is told without its session span', () => {
    const { spans, session } = pipeline();
    const timeline = only(without(spans, session));
    expect(outline(timeline)).toEqual(['run Triage', '  step look', '    tool search']);
    expect(timeline).toMatchObject({ id: 'S-1', sessionSpanCount: 0, missingParents: 1, durationMs: 98 });
    expect(timeline.kind).toBeUndefined();
    expect(timeline.status).toBeUndefined();
  });

  it('hangs what lost its parent under the run that it belongs to', () => {
    const { spans, step } = pipeline();
    const timeline = only(without(spans, step));
    expect(outline(timeline)).toEqual(['run Triage', '  tool search']);
    expect(timeline.missingParents).toBe(1);
  });

  it('hangs a child run of another trace under the run that started it', () => {
    const home = new Recording('S-1', 'a'.repeat(32));
    const parent = home.run(home.session([0, 100]), 'Triage', [1, 99]);
    const away = new Recording('S-1', 'c'.repeat(32));
    away.run(undefined, 'Billing', [10, 90], {
      attributes: { 'baton.run.parent_id': parent.attributes['baton.run.id'] },
    });
    expect(outline(only([...home.spans, ...away.spans]))).toEqual(['run Triage', '  run Billing']);
  });

  it('hangs a child run that a request of another process carried under the run that sent it', () => {
    const recording = new Recording();
    const parent = recording.run(recording.session([0, 100]), 'Triage', [1, 99]);
    const request = recording.add('POST /work', 'server', undefined, [9, 95], {
      attributes: { 'session.id': undefined },
    });
    recording.run(request, 'Billing', [10, 90], {
      attributes: { 'baton.run.parent_id': parent.attributes['baton.run.id'] },
    });
    expect(outline(only(recording.spans))).toEqual(['run Triage', '  run Billing']);
  });

  it('tells spans whose parents go round in a circle', () => {
    const recording = new Recording();
    const one = recording.step(recording.session([0, 9]), 'one', [1, 2]);
    const two = recording.step(one, 'two', [2, 3]);
    const three = recording.step(two, 'three', [3, 4]);
    const spans = recording.spans.map((span) => (span === one ? { ...one, parentSpanId: three.spanId } : span));
    expect(
      outline(only(spans))
        .map((line) => line.trim())
        .sort(),
    ).toEqual(['step one', 'step three', 'step two']);
  });

  it('tells a chain of ten thousand spans', () => {
    const recording = new Recording();
    let parent = recording.run(undefined, 'Triage', [0, 1]);
    for (let depth = 0; depth < 10_000; depth++) parent = recording.step(parent, `s${depth}`, [0, 1]);
    expect(outline(only(recording.spans))).toHaveLength(10_001);
  });
});

describe('the order of a timeline', () => {
  it('is by microsecond, then by step index, whatever order the spans come in', () => {
    const recording = new Recording();
    const run = recording.run(undefined, 'Triage', [0, 100]);
    const step = (key: string, start: number, index?: number) =>
      recording.step(run, key, [start, start + 1], {
        attributes: index === undefined ? {} : { 'baton.step.index': index },
      });
    step('fourth', 6);
    step('third', 5.0001, 2);
    step('second', 5.0005, 1);
    step('first', 5.0009);
    expect(outline(only(recording.spans))).toEqual([
      'run Triage',
      '  step first',
      '  step second',
      '  step third',
      '  step fourth',
    ]);
  });

  it('puts events by time, though backends sort them by name', () => {
    const recording = new Recording();
    recording.run(undefined, 'Triage', [0, 100], { events: [event('a', 9), event('b', 3), event('c', 6)] });
    expect(only(recording.spans).entries[0]?.events.map(({ name, offsetMs }) => [name, offsetMs])).toEqual([
      ['b', 3],
      ['c', 6],
      ['a', 9],
    ]);
  });
});

describe('what an entry is', () => {
  it('is told by attributes and not by the name of the span', () => {
    const recording = new Recording();
    const run = recording.run(recording.session([0, 99]), 'Triage', [0, 99]);
    recording.step(run, 'look', [1, 2]);
    recording.tool(run, 'search', [2, 3]);
    recording.model(run, 'gpt-5.5', [3, 4]);
    recording.add('x', 'client', run, [4, 5], { attributes: { 'gen_ai.request.model': 'claude-5' } });
    recording.add('x', 'internal', run, [5, 6], { attributes: { 'baton.approval.status': 'approved' } });
    recording.add('x', 'producer', run, [6, 7]);
    const renamed = recording.spans.map((span) => ({ ...span, name: 'renamed' }));
    expect(outline(only(renamed))).toEqual([
      'run Triage',
      '  step look',
      '  tool search',
      '  model-call gpt-5.5',
      '  model-call claude-5',
      '  approval renamed',
      '  foreign renamed',
    ]);
  });

  it("takes a framework's own agent span inside a run for foreign, not for a second run", () => {
    const recording = new Recording();
    const run = recording.run(undefined, 'Triage', [0, 99]);
    recording.add('invoke_agent triage', 'internal', run, [1, 98], {
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'baton.run.id': run.attributes['baton.run.id'] },
    });
    expect(outline(only(recording.spans))).toEqual(['run Triage', '  foreign invoke_agent triage']);
  });

  it('reads what a backend made texts of: numbers, flags, lists', () => {
    const recording = new Recording();
    const run = recording.run(undefined, 'Triage', [0, 99], { attributes: { 'baton.step.index': '2' } });
    recording.tool(run, 'search', [1, 2], { attributes: { 'baton.tool.cached': 'true' } });
    recording.model(run, 'gpt-5.5', [2, 3], {
      attributes: { 'gen_ai.usage.input_tokens': '12', 'gen_ai.response.finish_reasons': '["stop"]' },
    });
    const [entry] = only(recording.spans).entries;
    expect(entry?.step?.index).toBe(2);
    expect(entry?.children[0]).toMatchObject({ tool: { cached: true } });
    expect(entry?.children[1]).toMatchObject({ usage: { inputTokens: 12 }, finishReasons: ['stop'] });
  });

  it('leaves out what makes no sense as what it should be', () => {
    const recording = new Recording();
    recording.run(undefined, 'Triage', [0, 99], {
      attributes: { 'baton.step.index': 'many', 'baton.run.role': '', 'gen_ai.usage.input_tokens': [1] },
    });
    const [entry] = only(recording.spans).entries;
    expect(entry).toMatchObject({ type: 'run', step: undefined, role: undefined, usage: undefined });
  });
});

describe('failures and usage', () => {
  it('names the place where an error began, once, however far it went up', () => {
    const recording = new Recording();
    const failed = { error: 'no answer', attributes: { 'error.type': 'TimeoutError' } };
    const session = recording.session([0, 99], { 'error.type': 'TimeoutError' }, { error: 'no answer' });
    const run = recording.run(session, 'Triage', [1, 98], failed);
    const handoff = recording.handoff(run, 'billing', [2, 5]);
    recording.answer(handoff, 'failed', 'billing', 60, failed);
    const worker = recording.run(run, 'Billing', [4, 60], { ...failed, links: picksUp(handoff).links });
    recording.tool(worker, 'refund', [5, 50], failed);
    recording.tool(run, 'notify', [70, 80], { error: 'mail is down' });
    expect(only(recording.spans).failures.map(({ name, type, message }) => [name, type, message])).toEqual([
      ['execute_tool refund', 'TimeoutError', 'no answer'],
      ['execute_tool notify', undefined, 'mail is down'],
    ]);
  });

  it("names an error of the session's own code", () => {
    const recording = new Recording();
    recording.run(recording.session([0, 99], {}, { error: 'bad input' }), 'Triage', [1, 98]);
    expect(only(recording.spans)).toMatchObject({
      error: { message: 'bad input' },
      failures: [{ name: 'invoke_workflow pipeline', message: 'bad input' }],
    });
  });

  it('takes an exception on a span that did not fail for an event, and one that failed it for its error', () => {
    const recording = new Recording();
    const handled = event('exception', 5, { 'exception.type': 'RateLimitError', 'exception.message': 'slow down' });
    const fatal = event('exception', 9, { 'exception.type': 'TypeError', 'exception.message': 'no id' });
    const run = recording.run(undefined, 'Triage', [0, 99], { events: [handled] });
    recording.tool(run, 'search', [1, 10], {
      events: [fatal, handled],
      error: 'no id',
      attributes: { 'error.type': 'TypeError' },
    });
    recording.tool(run, 'look', [11, 20], {
      events: [fatal],
      attributes: {},
      error: 'no id',
    });
    const [entry] = only(recording.spans).entries;
    expect(entry?.error).toBeUndefined();
    expect(entry?.events.map(({ name }) => name)).toEqual(['exception']);
    expect(entry?.children[0]).toMatchObject({
      error: { type: 'TypeError', message: 'no id' },
      events: [{ offsetMs: 5 }],
    });
    expect(entry?.children[1]).toMatchObject({ error: { type: 'TypeError', message: 'no id' }, events: [] });
  });

  it('adds up tokens once, though runs sum up their calls, and the cost of the calls', () => {
    const recording = new Recording();
    const tokens = (input: number, output: number) => ({
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': output,
    });
    const run = recording.run(undefined, 'Triage', [0, 99], { attributes: tokens(30, 3) });
    const step = recording.step(run, 'look', [1, 50]);
    recording.model(step, 'gpt-5.5', [2, 3], { attributes: { ...tokens(10, 1), 'baton.usage.cost.usd': 0.25 } });
    recording.model(step, 'gpt-5.5', [4, 5], { attributes: { ...tokens(20, 2), 'baton.usage.cost.usd': 0.5 } });
    const worker = recording.run(run, 'Billing', [50, 90]);
    recording.model(worker, 'gpt-5.5', [60, 70], { attributes: tokens(100, 10) });
    expect(only(recording.spans).usage).toEqual({ inputTokens: 130, outputTokens: 13, cost: { usd: 0.75 } });
  });
});
