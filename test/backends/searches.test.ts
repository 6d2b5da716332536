import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import * as attributes from '../../src/attributes.ts';
import type { RecordedAttributes, RecordedSpan } from '../../src/replay.ts';
import { type RunningBackend, startJaeger, startTempo } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';
import { searchAsUi } from './support/search-page.ts';
import { runShop } from './support/shop.ts';

// The searches of docs/backends.md and the links of deploy/jaeger/ui.json, as they stand there.

jest.setTimeout(60_000);

const page = readFileSync('docs/backends.md', 'utf8');

const isTool = (span: RecordedSpan) => span.name.startsWith('execute_tool ');
const isBetween = ({ attributes: { 'baton.handoff.source': from, 'baton.handoff.target': to } }: RecordedSpan) =>
  from === 'triage' && to === 'billing';
const hasLink = ({ links }: RecordedSpan, holds: (link: RecordedAttributes) => boolean) =>
  links.some((link) => holds(link.attributes));
const seconds = ({ startUnixNano, endUnixNano }: RecordedSpan) => Number(endUnixNano - startUnixNano) / 1e9;

/** What each search must find, by what the page says of it. `handoff` is the id that is put in for the one on the page. */
function wanted(title: string, handoff: string, spans: readonly RecordedSpan[]): (span: RecordedSpan) => boolean {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const isInside = (span: RecordedSpan, holds: (around: RecordedSpan) => boolean): boolean => {
    const parent = byId.get(span.parentSpanId ?? '');
    return parent !== undefined && (holds(parent) || isInside(parent, holds));
  };
  const session = ({ attributes }: RecordedSpan) => attributes['session.id'] === 'SUP-123';
  const ofHandoff = ({ attributes }: RecordedSpan) => attributes['baton.handoff.id'] === handoff;
  const isSlow = (span: RecordedSpan) => span.kind === 'producer' && seconds(span) > 1;
  const isRejected = ({ attributes }: RecordedSpan) => attributes['baton.handoff.status'] === 'rejected';
  const isRisky = ({ attributes, status }: RecordedSpan) =>
    attributes['baton.tool.risk_level'] === 'high' && status.code === 'error';
  const isStep = ({ attributes }: RecordedSpan) => attributes['baton.step.key'] === 'check-order';
  const searches: Readonly<Record<string, (span: RecordedSpan) => boolean>> = {
    'a session': session,
    'every span of a session': session,
    'a handoff, whoever has seen it': ofHandoff,
    'a handoff: who asked, who answered, who took over': ofHandoff,
    'the run that a handoff is linked from, in whatever trace it is': (span) =>
      hasLink(span, (link) => link['baton.handoff.id'] === handoff),
    'handoffs from one agent to another': (span) => span.kind === 'producer' && isBetween(span),
    'slow handoffs': isSlow,
    'handoffs that waited long': isSlow,
    'rejected handoffs': (span) => span.kind === 'consumer' && isRejected(span),
    'failed tools with high risk': isRisky,
    'what happened inside the runs that took a handoff over': (span) =>
      isTool(span) && isInside(span, (around) => hasLink(around, (link) => link['baton.link.type'] === 'handoff')),
    'a step by its key': isStep,
    'sessions that failed': ({ attributes }) => attributes['baton.session.status'] === 'failed',
  };
  const search = searches[title];
  if (!search) throw new Error(`docs/backends.md has a search of which this test knows nothing: ${title}`);
  return search;
}

/** Rows of the table below "Jaeger". */
const forms = [...page.matchAll(/^\| ([^|]+) \| `(\w+)` \| (.+?) \| (.*?) ?\| (.*?) ?\|$/gm)].map(
  ([, title = '', service = '', operation = '', tags = '', minimum = '']) => ({
    title,
    service,
    operation: operation === 'all' ? undefined : unquoted(operation),
    tags: unquoted(tags),
    minimum: unquoted(minimum),
  }),
);

/** Queries of the block below "Tempo", with the comment above each. */
const queries = (/```traceql\n([^`]+)```/.exec(page)?.[1] ?? '')
  .split('\n\n')
  .map((query) => [/^\/\/ (.+)$/m.exec(query)?.[1] ?? '', query] as const);

describeWith(['jaeger', 'tempo'], 'the page about backends', () => {
  const running: RunningBackend[] = [];
  let jaeger: RunningBackend;
  let tempo: RunningBackend;
  let spans: readonly RecordedSpan[];
  /** The id of the handoff that waited, for the one on the page. */
  let handoff: string;

  beforeAll(async () => {
    jaeger = await startJaeger();
    running.push(jaeger);
    tempo = await startTempo();
    running.push(tempo);
    spans = await runShop(running.map(({ otlp }) => otlp));
    handoff = String(
      spans.find((span) => span.kind === 'producer' && seconds(span) > 1)?.attributes['baton.handoff.id'],
    );
  }, 60_000);

  afterAll(() => Promise.all(running.map((backend) => backend.stop())));

  const here = (text: string) => text.replace(/00-6d1f[0-9a-f-]+-01/g, handoff);

  it.each(forms)('has a search of Jaeger that finds $title, and nothing else', async ({ title, ...form }) => {
    const tags = here(form.tags).split(' ').filter(Boolean);
    const search = new URLSearchParams({
      service: form.service,
      ...(form.operation ? { operation: form.operation } : {}),
      ...(tags.length > 0 ? { tags: JSON.stringify(Object.fromEntries(tags.map((tag) => tag.split('=')))) } : {}),
      ...(form.minimum ? { minDuration: form.minimum } : {}),
      lookback: '1h',
    });
    const found = new Set(await searchAsUi(new URL(`${jaeger.url}/search?${search}`)));
    const expected = spans.filter(wanted(title, handoff, spans)).map(({ traceId }) => traceId);
    expect(expected).not.toEqual([]);
    expect(found).toEqual(new Set(expected));
  });

  it.each(queries)('has a search of Tempo that finds %s, and nothing else', async (title, query) => {
    const expected = spans.filter(wanted(title, handoff, spans)).map(({ spanId }) => spanId);
    expect(expected).not.toEqual([]);
    await eventually(async () => {
      const response = await fetch(`${tempo.url}/api/search?${new URLSearchParams({ q: here(query), spss: '100' })}`);
      const found = (await response.text()).match(/(?<="spanID":")[0-9a-f]{16}/g);
      expect([...new Set(found)].sort()).toEqual([...expected].sort());
    });
  });

  it('has no search that is not tried here', () => {
    const rows = /^## Jaeger\n(.*?)^## /ms.exec(page)?.[1]?.match(/^\| (?!to find)/gm);
    expect([forms.length, queries.length]).toEqual([rows?.length, page.match(/^\{ /gm)?.length]);
  });
});

describeWith(['jaeger'], 'the configuration of the UI', () => {
  const config = JSON.parse(readFileSync('deploy/jaeger/ui.json', 'utf8')) as {
    readonly topTagPrefixes: readonly string[];
    readonly linkPatterns: readonly { readonly type: string; readonly key?: string; readonly url: string }[];
  };
  let jaeger: RunningBackend;
  let spans: readonly RecordedSpan[];

  beforeAll(async () => {
    jaeger = await startJaeger();
    spans = await runShop([jaeger.otlp]);
  }, 60_000);

  afterAll(() => jaeger?.stop());

  it('is what Jaeger gives to its UI', async () => {
    expect(await (await fetch(`${jaeger.url}/search`)).text()).toContain('baton.handoff.');
  });

  it('puts attributes first that we write', () => {
    const keys = Object.values(attributes);
    expect(config.topTagPrefixes.filter((prefix) => !keys.some((key) => key.startsWith(prefix)))).toEqual([]);
  });

  it('links a span to all traces of its session, and to both ends of its handoff', async () => {
    for (const { key = '', url } of config.linkPatterns.filter(({ type }) => type === 'tags')) {
      const span = spans.find((each) => each.attributes[key] !== undefined);
      const value = String(span?.attributes[key]);
      const link = new URL(url.replace(`#{${key}}`, encodeURIComponent(value)), jaeger.url);
      expect(await searchAsUi(link)).toEqual([span?.traceId]);
    }
  });

  it('links a trace to its OTLP, which the replay reads', async () => {
    const [pattern] = config.linkPatterns.filter(({ type }) => type === 'traces');
    const traceId = spans[0]?.traceId ?? '';
    const response = await fetch(`${jaeger.url}${pattern?.url.replace('#{traceID}', traceId)}`);
    expect(await response.text()).toContain(traceId);
  });
});

function unquoted(cell: string): string {
  return cell.replaceAll('`', '').trim();
}
