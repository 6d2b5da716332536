import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { displayWidth } from '../../src/replay/views/styled-text.ts';
import {
  buildTimelines,
  type RecordedSpan,
  readOtlpJson,
  renderJson,
  renderSessions,
  renderText,
} from '../../src/replay.ts';
import { event, Recording } from './recording.ts';
import { customerService, fanOut } from './scenes.ts';

function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8');
}

const PIPELINE = readOtlpJson(fixture('otlp/pipeline-001-by-hand.otlp.json')).spans;
const SCENES = { 'pipeline-001': PIPELINE, 'customer-service': customerService().spans, 'fan-out': fanOut().spans };

function show(spans: readonly RecordedSpan[], width = 80, color = false): string {
  return renderSessions(buildTimelines(spans), { width, color });
}

/** A session of one run, as 80 columns show it. */
function showRun(tell: (recording: Recording, run: RecordedSpan) => void, durationMs = 1000): string {
  const recording = new Recording();
  tell(recording, recording.run(recording.session([0, durationMs]), 'Triage', [0, durationMs]));
  return show(recording.spans);
}

describe('a session as text', () => {
  it.each(Object.entries(SCENES).flatMap(([name, spans]) => [40, 80, 120].map((width) => ({ name, width, spans }))))(
    'shows $name at $width columns as it is kept',
    ({ name, width, spans }) => {
      expect(show(spans, width)).toBe(fixture(`replay/${name}.${width}.txt`));
    },
  );

  it.each([20, 30, 59, 60, 99, 100, 160])('has no line longer than %d columns', (width) => {
    for (const spans of Object.values(SCENES)) {
      for (const line of show(spans, width).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('shows in colour exactly what it shows without', () => {
    for (const spans of Object.values(SCENES)) {
      const colored = show(spans, 100, true);
      expect(colored).toContain('\u001b[');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences that were asked for
      expect(colored.replaceAll(/\u001b\[[\d;]+m/g, '')).toBe(show(spans, 100));
    }
  });

  it('gives each agent a colour of its own, and red to errors alone', () => {
    const colored = show(SCENES['fan-out'], 80, true);
    expect(colored).toContain('\u001b[1;36mLead\u001b[0m');
    expect(colored).toContain('\u001b[1;35mAlpha\u001b[0m');
    expect(colored).toContain('\u001b[1;34mBeta\u001b[0m');
    expect(colored).toContain('\u001b[31m✗ failed\u001b[0m');
    expect(show(PIPELINE, 80, true)).not.toContain('\u001b[31m');
  });

  it('is told without the session span and the run that started everything', () => {
    const { spans } = fanOut();
    const kept = spans.slice(2).filter(({ attributes }) => attributes['baton.agent.key'] !== 'gamma');
    expect(show(kept)).toBe(`○ RESEARCH-7 · no session span, 390ms
  2026-11-21 09:00:00.010 UTC · 3 agents · 3 handoffs · 11 spans
  incomplete  1 parent span not in this recording

  +0.000s  handoff → Alpha  from lead · accepted after 20ms  ─
  +0.001s  handoff → Beta  from lead · accepted after 20ms   ─
  +0.002s  handoff → gamma  from lead · unanswered in 20ms   ─
  +0.010s  ● Alpha  ← lead                            280ms  ━━━━━━━━━━━━━━
  +0.030s  └─ step Gather sources  #1 gather          160ms   ━━━━━━━━
  +0.040s     └─ tool search                          140ms   ━━━━━━━━
  +0.011s  ● Beta  ← lead                             379ms  ━━━━━━━━━━━━━━━━━━━
  +0.030s  └─ step Gather sources  #2 gather          160ms   ━━━━━━━━
  +0.040s     └─ tool search  ✗ failed                140ms   ━━━━━━━━
                   error  TimeoutError: no answer

  handoffs  2 accepted · 1 unanswered
  path      lead → Alpha, lead → Beta
  error     +0.040s tool search by Beta: TimeoutError: no answer
  trace     cccccccccccccccccccccccccccccccc
`);
  });

  it('says of a session that was cut off that its end is not recorded', () => {
    const recording = new Recording();
    recording.session([0, 250], { 'baton.session.status': undefined });
    expect(show(recording.spans)).toBe(`○ S-1 · pipeline · end not recorded, 250ms
  2026-11-21 09:00:00.000 UTC · 0 agents · 0 handoffs · 1 span

  trace  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
`);
  });

  it('shows content whole up to four lines, and marks where it cuts', () => {
    const text = showRun((recording, run) => {
      recording.tool(run, 'search', [1, 2], {
        attributes: {
          'gen_ai.tool.call.arguments': '{"query":"refund"}',
          'gen_ai.tool.call.result': Array.from({ length: 80 }, (_, index) => `word${index}`).join(' '),
          'baton.metadata.region': 'eu',
          'baton.metadata.attempt': 2,
          'baton.metadata_dropped': 3,
        },
      });
    });
    expect(text.split('\n').slice(3, -3).join('\n')).toBe(`  +0.000s  ● Triage        1.00s  ━━━━━━━━━━━━━━━━━━━━━━━━━━
  +0.001s  └─ tool search  1.0ms  ━
                input     {"query":"refund"}
                output    word0 word1 word2 word3 word4 word5 word6 word7 word8
                          word9 word10 word11 word12 word13 word14 word15 word16
                          word17 word18 word19 word20 word21 word22 word23
                          word24 word25 word26 word27 word28 word29 word30…
                metadata  attempt=2 · region=eu · 3 more not recorded`);
  });

  it('leaves out the outer guides of a tree that is deeper than the line is wide', () => {
    const recording = new Recording();
    let parent = recording.run(recording.session([0, 100]), 'Triage', [0, 100]);
    for (let depth = 1; depth <= 12; depth++) parent = recording.step(parent, `level-${depth}`, [depth, 100]);
    expect(show(recording.spans, 40).split('\n').slice(-11, -8)).toEqual([
      '+0.006s           └ step level-6  94ms',
      '+0.007s …          └ step level-7  93ms',
      '+0.008s …          └ step level-8  92ms',
    ]);
  });

  it('puts the time before the text, where a column for it would leave no room', () => {
    const recording = new Recording();
    const run = recording.run(recording.session([0, 300_000_000]), 'Triage', [0, 300_000_000]);
    recording.step(run, 'wait-for-customer', [100_000_000, 200_000_000]);
    expect(show(recording.spans, 20)).toBe(`✓ S-1 · pipeline
  completed in 3d
  11h
  2026-11-21
  09:00:00.000 UTC
  1 agent
  0 handoffs
  3 spans

+0d 00:00:00 ●
│ Triage  3d 11h
└ +1d 03:46:40 step
    wait-for-custome
    r  1d 4h

  trace:
    aaaaaaaaaaaaaaaa
    aaaaaaaaaaaaaaaa
`);
  });

  it('tells events between the entries, at their time', () => {
    const text = showRun((recording, run) => {
      recording.spans[recording.spans.indexOf(run)] = {
        ...run,
        events: [event('second', 20, { 'baton.metadata.order': '1' }), event('first', 1), event('third', 999)],
      };
      recording.step(run, 'look', [10, 30]);
    });
    expect(text.split('\n').slice(3, -3).join('\n')).toBe(`  +0.000s  ● Triage       1.00s  ━━━━━━━━━━━━━━━━━━━━━━━━━━
  +0.001s  ├─ • first
  +0.010s  ├─ step look    20ms  ━
  +0.020s  ├─ • second  order=1
  +0.999s  └─ • third`);
  });

  it('names the agent of a row that belongs to another than its surroundings', () => {
    const text = showRun((recording, run) => {
      recording.tool(run, 'search', [1, 2], { attributes: { 'baton.agent.key': 'billing' } });
    });
    expect(text).toContain('└─ tool search  by billing');
  });

  it.each([
    [90, '+1.00ms', '+2.50ms'],
    [45_000, '+0.001s', '+0.003s'],
    [125_000, '+0:00.0', '+0:00.0'],
    [7_200_000, '+00:00:00', '+00:00:00'],
    [200_000_000, '+0d 00:00:00', '+0d 00:00:00'],
  ])('counts time so that a session of %d ms can be read', (durationMs, first, second) => {
    const text = showRun((recording, run) => {
      recording.step(run, 'one', [1, 2]);
      recording.step(run, 'two', [2.5, 3]);
    }, durationMs);
    expect(text).toContain(`  ${first}  ├─ step one`);
    expect(text).toContain(`  ${second}  └─ step two`);
  });
});

describe('the documentation', () => {
  it('shows the pipeline as it is shown', () => {
    expect(readFileSync(new URL('../../docs/replay.md', import.meta.url), 'utf8')).toContain(
      `\`\`\`text\n${fixture('replay/pipeline-001.80.txt')}\`\`\`\n`,
    );
  });
});

describe('what stands in the spans', () => {
  const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r\ngone\u202eback\u200bzero\ufefftag\u{e0041}\ud800';

  it('cannot give orders to the terminal, wherever it stands', () => {
    const recording = new Recording(evil);
    const session = recording.session([0, 9], {
      'gen_ai.workflow.name': evil,
      'baton.session.kind': evil,
      'baton.session.status': evil,
      'baton.session.input_summary': evil,
      [`baton.metadata.${evil}`]: evil,
    });
    const run = recording.run(session, evil, [1, 8], {
      attributes: { 'baton.run.role': evil, 'baton.step.key': evil, 'baton.run.status': evil, 'error.type': evil },
      error: evil,
      events: [event(evil, 2, { [evil]: evil })],
    });
    const handoff = recording.handoff(run, evil, [1, 2], {
      attributes: { 'baton.handoff.reason': evil, 'baton.handoff.status': evil, 'baton.handoff.mode': evil },
    });
    recording.answer(handoff, evil, evil, 2, { attributes: { 'baton.handoff.reason': evil }, error: evil });
    recording.tool(run, evil, [3, 4], { attributes: { 'baton.tool.risk_level': evil, 'baton.resource.id': evil } });
    recording.model(run, evil, [4, 5], {
      attributes: { [`baton.usage.cost.${evil}`]: 1, 'gen_ai.operation.name': 'embeddings' },
    });
    recording.add(evil, 'client', run, [5, 6]);
    const timelines = buildTimelines(recording.spans);
    for (const text of [show(recording.spans), renderJson(timelines)]) {
      expect(text.replaceAll('\n', '')).toMatch(/^[^\p{Cc}\p{Cs}\u200b\u202e\ufeff\u{e0041}]+$/u);
      expect(text).toContain('owned');
    }
    expect(JSON.parse(renderJson(timelines))[0].id).toBe(evil);
  });

  it('is shown as what it is: escapes for control characters, a space for a line break', () => {
    const text = showRun((recording, run) => {
      recording.step(run, 'one\n two\t\u001b[31mred\u0000\u202e', [1, 2]);
    });
    expect(text).toContain('step one two \\x1b[31mred\\x00\\u202e');
  });

  it('keeps its width where letters are wide or stand on one another', () => {
    const recording = new Recording();
    const run = recording.run(recording.session([0, 1000]), '注文担当', [0, 1000]);
    recording.step(run, 'e\u0301te\u0301 👩‍💻', [1, 2]);
    expect(show(recording.spans).split('\n').slice(3, 5)).toEqual([
      '  +0.000s  ● 注文担当        1.00s  ━━━━━━━━━━━━━━━━━━━━━━━━━━',
      '  +0.001s  └─ step e\u0301te\u0301 👩‍💻  1.0ms  ━',
    ]);
  });

  it.each([
    ['letters', 'Lead Müller', 11],
    ['Chinese, Japanese, Korean', '注文カナ한글', 12],
    ['Tangut and old kana', '\u{17000}\u{1b001}', 4],
    ['a letter with marks', 'e\u0301\u0323', 1],
    ['an emoji, and a sign that is made one', '🚀❤\ufe0f', 4],
    ['a flag, which some terminals draw as two letters', '🇸🇪', 2],
    ['a joined emoji, which some terminals draw as two', '👩‍💻', 4],
  ])('takes as many columns as a terminal gives it: %s', (_, text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  it('need not be what it should be', () => {
    const recording = new Recording();
    const odd = { 'baton.agent.key': ['a'], 'gen_ai.agent.name': { a: 1 }, 'baton.step.index': Number.NaN };
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    recording.run(undefined, 'Triage', [0, 1], {
      attributes: { ...odd, 'baton.metadata.cycle': cycle, 'baton.metadata.big': 10n, 'baton.metadata.none': null },
    });
    expect(show(recording.spans)).toContain('metadata  big=10 · cycle=[unreadable] · none=null');
  });
});

describe('several sessions', () => {
  it('come one after the other, with a line that sums them up', () => {
    const first = new Recording('S-1');
    first.session([0, 10]);
    const second = new Recording('S-2', 'c'.repeat(32));
    second.session([20, 50], { 'baton.session.status': 'failed' });
    expect(show([...second.spans, ...first.spans], 60)).toBe(`✓ S-1 · pipeline · completed in 10ms
  2026-11-21 09:00:00.000 UTC · 0 agents · 0 handoffs
  1 span

  trace  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

────────────────────────────────────────────────────────────

✗ S-2 · pipeline · failed after 30ms
  2026-11-21 09:00:00.020 UTC · 0 agents · 0 handoffs
  1 span

  trace  cccccccccccccccccccccccccccccccc

────────────────────────────────────────────────────────────

2 sessions · 1 completed · 1 failed
`);
  });

  it('are nothing, when there are none', () => {
    expect(renderSessions([])).toBe('');
  });

  it('fit the terminal by default as wide as 80 columns', () => {
    const [timeline] = buildTimelines(PIPELINE);
    if (!timeline) throw new Error('no session');
    expect(renderText(timeline)).toBe(fixture('replay/pipeline-001.80.txt'));
  });
});
