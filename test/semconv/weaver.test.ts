import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

// Proves that the check with Weaver finds what it is there to find: a sound recording passes, each planted fault fails.

type Value = string | number | boolean | readonly string[];

interface Span {
  name: string;
  kind: number;
  attributes: Record<string, Value>;
  events: { name: string; attributes: Record<string, Value> }[];
  links: { attributes: Record<string, Value> }[];
}

const [internal, producer] = [1, 4];
const consumer = 5;
const runId = '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-00000000000000b2-01';
const handoffId = '00-6d1f0c2a9b3e4f5061728394a5b6c7d8-00000000000000b4-01';
const inRun = { 'session.id': 'SUP-123', 'baton.run.id': runId, 'baton.agent.key': 'triage' };
const handoff = { 'baton.handoff.id': handoffId, 'baton.handoff.source': 'triage', 'baton.handoff.target': 'writer' };

/** A session in which one agent hands over to another. */
function sound() {
  const span = (name: string, kind: number, attributes: Record<string, Value>): Span => ({
    name,
    kind,
    attributes,
    events: [],
    links: [],
  });
  const spans = {
    session: span('invoke_workflow pipeline', internal, {
      'session.id': 'SUP-123',
      'gen_ai.operation.name': 'invoke_workflow',
      'gen_ai.workflow.name': 'pipeline',
      'baton.session.kind': 'pipeline',
      'baton.session.status': 'completed',
      'baton.handoff.count': 1,
    }),
    run: span('invoke_agent Triage', internal, {
      ...inRun,
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'Triage',
      'gen_ai.agent.id': 'triage',
      'baton.run.status': 'completed',
    }),
    step: span('run_step triage-ticket', internal, {
      ...inRun,
      'baton.step.key': 'triage-ticket',
      'baton.step.index': 0,
    }),
    handoff: span('handoff writer', producer, {
      ...inRun,
      ...handoff,
      'baton.handoff.mode': 'return_to_caller',
      'baton.handoff.status': 'accepted',
    }),
    answer: span('accept_handoff triage', consumer, {
      ...inRun,
      ...handoff,
      'baton.handoff.status': 'accepted',
      'baton.handoff.wait_ms': 90,
    }),
  };
  spans.run.events.push({ name: 'baton.handoff.accepted', attributes: { 'baton.handoff.id': handoffId } });
  spans.run.links.push({ attributes: { ...handoff, 'baton.link.type': 'handoff' } });
  return spans;
}

function otlp(spans: readonly Span[]): string {
  const value = (given: Value): object => {
    if (typeof given === 'string') return { stringValue: given };
    if (typeof given === 'boolean') return { boolValue: given };
    if (typeof given === 'number')
      return Number.isInteger(given) ? { intValue: String(given) } : { doubleValue: given };
    return { arrayValue: { values: given.map(value) } };
  };
  const attributes = (given: Record<string, Value>) =>
    Object.entries(given).map(([key, each]) => ({ key, value: value(each) }));
  const written = spans.map((span) => ({
    ...span,
    attributes: attributes(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: attributes(event.attributes) })),
    links: span.links.map((link) => ({ attributes: attributes(link.attributes) })),
  }));
  const resource = { attributes: attributes({ 'service.name': 'support' }) };
  return JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'otel-baton' }, spans: written }] }],
  });
}

const folder = mkdtempSync(join(tmpdir(), 'otel-baton-semconv-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/weaver-check.mjs', ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, output: stdout };
}

function record(name: string, spans: readonly Span[]): string {
  const file = join(folder, `${name}.otlp.json`);
  writeFileSync(file, otlp(spans));
  return file;
}

const skipped = script(['--where']).output.trim() === '' && process.env.CI !== 'true';
if (skipped) process.stdout.write('SKIPPED: the tests with Weaver, because there is none on this machine\n');
const describeWithWeaver = skipped ? describe.skip : describe;

describeWithWeaver('the check of a sound recording', () => {
  it('passes', () => {
    const { status, output } = script(['--partial', record('sound', Object.values(sound()))]);
    expect(output).toContain('5 spans, 0 violations, 0 improvements');
    expect(status).toBe(0);
  });

  it('fails on names of the registry that no recording has', () => {
    const { status, output } = script([record('sound', Object.values(sound()))]);
    expect(output).toMatch(/FAILED: promised in semconv\/model, in no file: .*baton\.tool\.cached/);
    expect(status).toBe(1);
  });
});

const faults: readonly (readonly [string, string, (spans: ReturnType<typeof sound>) => void])[] = [
  ['a wrong kind', 'span_kind', ({ handoff }) => Object.assign(handoff, { kind: internal })],
  ['a wrong name', 'span_name', ({ step }) => Object.assign(step, { name: 'run_step other' })],
  [
    'an unknown attribute',
    'missing_attribute',
    ({ step }) => Object.assign(step.attributes, { 'baton.step.colour': 'red' }),
  ],
  [
    'an attribute of another span',
    'span_attribute_unexpected',
    ({ step }) => Object.assign(step.attributes, { 'baton.tool.cached': true }),
  ],
  ['a missing attribute', 'span_attribute_missing', ({ run }) => delete run.attributes['baton.run.status']],
  ['a missing common attribute', 'span_attribute_missing', ({ answer }) => delete answer.attributes['baton.run.id']],
  [
    'a value outside its list',
    'undefined_enum_variant',
    ({ session }) => Object.assign(session.attributes, { 'baton.session.status': 'done' }),
  ],
  [
    'a wrong type',
    'type_mismatch',
    ({ answer }) => Object.assign(answer.attributes, { 'baton.handoff.wait_ms': 89.7 }),
  ],
  [
    'an unknown event of ours',
    'span_event_undefined',
    ({ run }) => run.events.push({ name: 'baton.handoff.lost', attributes: {} }),
  ],
  [
    'an event without its attribute',
    'event_attribute_missing',
    ({ run }) => run.events.push({ name: 'baton.handoff.failed', attributes: {} }),
  ],
  [
    'a link without its type',
    'link_attribute_missing',
    ({ run }) => delete run.links[0]?.attributes['baton.link.type'],
  ],
  [
    'a stray attribute on a link',
    'link_attribute_unexpected',
    ({ run }) => run.links.push({ attributes: { 'baton.link.type': 'resume', 'baton.run.id': runId } }),
  ],
];
describeWithWeaver('the check of recordings with planted faults', () => {
  let status: number | null;
  let output: string;

  beforeAll(() => {
    const files = faults.map(([fault, , plant]) => {
      const spans = sound();
      plant(spans);
      return record(fault, Object.values(spans));
    });
    ({ status, output } = script(['--partial', record('nothing', []), ...files]));
  });

  it('fails', () => expect(status).toBe(1));

  for (const [fault, finding] of faults) {
    it(`finds ${fault}`, () => {
      const [, report = ''] = output.split(`${fault}.otlp.json: 5 spans, `);
      const [findings = ''] = report.split(/\n(?! )/); // up to the next file
      expect(findings).toContain(`\n  violation ${finding}: `);
    });
  }

  it('finds a recording without a span of ours', () => {
    expect(output).toContain('nothing.otlp.json: 0 spans, 0 violations, 0 improvements, 0 notices\n  FAILED: no span');
  });
});

describe('the check without Weaver', () => {
  it('is skipped on a developer machine and fails in CI', () => {
    const nowhere = { ...process.env, BATON_BACKENDS: folder };
    expect(script([], { ...nowhere, CI: '' })).toMatchObject({ status: 0, output: expect.stringMatching(/^SKIPPED/) });
    expect(script([], { ...nowhere, CI: 'true' })).toMatchObject({
      status: 1,
      output: expect.stringMatching(/^FAILED/),
    });
  });
});
