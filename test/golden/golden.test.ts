import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as attributes from '../../src/attributes.ts';
import { NAME, VERSION } from '../../src/version.ts';
import { startReceiver } from '../support/otlp-receiver.ts';
import { normalise } from './normalise.ts';
import { type OtlpAttribute, type OtlpSpan, type OtlpTraces, spansOf } from './otlp.ts';

// What leaves the process, held against test/golden/*.otlp.json: each program runs as a user runs it and exports over a
// socket. After a wanted change: `UPDATE_GOLDEN=1 npm test -- test/golden`, and read the diff before it is committed.

const programs = {
  '000': 'examples/000-handoff-recipe.ts',
  '001': 'examples/001-pipeline.ts',
  '002': 'examples/002-ratri.ts',
  '003': 'examples/003-customer-service.ts',
  '004': 'examples/004-pass-or-return.ts',
  everything: 'test/golden/everything.ts',
};

async function record(program: string): Promise<readonly OtlpTraces[]> {
  const receiver = await startReceiver();
  const ours = Object.entries(process.env).filter(([name]) => !/^(OTEL|BATON)_/.test(name));
  const env = {
    ...Object.fromEntries(ours),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    ...(program === programs.everything ? EVERYTHING : {}),
  };
  try {
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], {
      env,
      timeout: 30_000,
    });
    // No warning, but of what does not fit.
    const warned = [...stderr.matchAll(/\[(\w+)\]/g)].map(([, code]) => code);
    expect(program === programs.everything ? warned : stderr).toEqual(
      program === programs.everything ? ['too_many_links', 'too_many_events'] : '',
    );
    return receiver.bodies.map((body): OtlpTraces => JSON.parse(body));
  } finally {
    await receiver.close();
  }
}

const recordings = new Map<string, PromiseSettledResult<readonly OtlpTraces[]>>();

/** Marked for a tail sampler, because that is one attribute more; and with limits that are soon reached. */
const EVERYTHING = {
  OTEL_TRACES_SAMPLER: 'baton_session_tail',
  OTEL_TRACES_SAMPLER_ARG: '1',
  OTEL_SPAN_LINK_COUNT_LIMIT: '4',
  OTEL_SPAN_EVENT_COUNT_LIMIT: '16',
};

/** All at once; one that fails is no other's fault. */
beforeAll(async () => {
  const settled = await Promise.allSettled(Object.values(programs).map(record));
  for (const [index, name] of Object.keys(programs).entries()) {
    const recording = settled[index];
    if (recording) recordings.set(name, recording);
  }
}, 60_000);

function receivedFrom(name: string): readonly OtlpTraces[] {
  const recording = recordings.get(name);
  if (recording?.status !== 'fulfilled') throw recording?.reason;
  return recording.value;
}

describe.each(Object.keys(programs))('%s', (name) => {
  it('sends what its golden file says', () => {
    const file = `test/golden/${name}.otlp.json`;
    const sent = normalise(receivedFrom(name));
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, `${toText(sent)}\n`);
    const golden: OtlpTraces = JSON.parse(readFileSync(file, 'utf8'));
    expect(readableLines(sent)).toEqual(readableLines(golden));
    expect(sent).toEqual(golden);
  });

  it('sends valid ids and times, under the name and the version of the package', () => {
    for (const traces of receivedFrom(name)) {
      const scopes = traces.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
      expect(scopes.map(({ scope, schemaUrl }) => ({ ...scope, schemaUrl }))).toEqual(
        scopes.map(() => ({ name: NAME, version: VERSION, schemaUrl: attributes.SCHEMA_URL })),
      );
      expect(spansOf(traces).filter((span) => !isValid(span))).toEqual([]);
    }
  });
});

describe('the golden files together', () => {
  it('show every attribute and every event that we write', () => {
    const spans = Object.keys(programs).flatMap((name) => spansOf(normalise(receivedFrom(name))));
    const holders = spans.flatMap((span) => [span, ...span.events, ...span.links]);
    const seen = [
      ...holders.flatMap((holder) => holder.attributes.map(({ key }) => key)),
      ...spans.flatMap(({ events }) => events.map((event) => event.name)),
    ];
    const written = Object.entries(attributes).filter(([name]) => /^(ATTR|EVENT|PREFIX)_/.test(name));
    const unseen = written.filter(([name, key]) =>
      name.startsWith('PREFIX_') ? !seen.some((each) => each.startsWith(key)) : !seen.includes(key),
    );
    expect(unseen).toEqual([]);
  });
});

function isValid({
  traceId,
  spanId,
  parentSpanId = '',
  startTimeUnixNano,
  endTimeUnixNano,
  events,
}: OtlpSpan): boolean {
  const within = (time: string) => BigInt(startTimeUnixNano) <= BigInt(time) && BigInt(time) <= BigInt(endTimeUnixNano);
  return (
    /^(?!0*$)[0-9a-f]{32}$/.test(traceId) &&
    /^(?!0*$)[0-9a-f]{16}$/.test(spanId) &&
    /^([0-9a-f]{16})?$/.test(parentSpanId) &&
    [startTimeUnixNano, endTimeUnixNano].every((time) => /^[1-9][0-9]{18}$/.test(time)) &&
    BigInt(startTimeUnixNano) < BigInt(endTimeUnixNano) &&
    events.every(({ timeUnixNano }) => within(timeUnixNano))
  );
}

/** JSON with an attribute per line. */
function toText(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || flat.length <= 100 || 'key' in value) return flat;
  const inner = `${indent}  `;
  const list = Array.isArray(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${inner}${list ? '' : `${JSON.stringify(key)}: `}${toText(member, inner)}`,
  );
  return `${list ? '[' : '{'}\n${members.join(',\n')}\n${indent}${list ? ']' : '}'}`;
}

/** One line per fact, each with its span, so that a difference is readable without its neighbours. No times. */
function readableLines(traces: OtlpTraces): string[] {
  const labels = labelsOf(spansOf(traces).sort((one, other) => (one.spanId < other.spanId ? -1 : 1)));
  return traces.resourceSpans.flatMap(({ resource, scopeSpans }) => [
    ...factsOf('resource', resource.attributes),
    ...scopeSpans.flatMap(({ spans }) =>
      spans.flatMap((span) => linesOf(span, labels.get(span.spanId) ?? '')).map((line) => named(line, labels)),
    ),
  ]);
}

function linesOf(span: OtlpSpan, label: string): string[] {
  return [
    `${label} | kind ${span.kind}, parent ${span.parentSpanId ?? 'none'}, status ${JSON.stringify(span.status)}`,
    ...factsOf(label, span.attributes),
    ...span.events.flatMap((event) => [
      `${label} | event ${event.name}`,
      ...factsOf(`${label} | event ${event.name}`, event.attributes),
    ]),
    ...span.links.flatMap((link) => [
      `${label} | link to ${link.spanId}`,
      ...factsOf(`${label} | link to ${link.spanId}`, link.attributes),
    ]),
  ];
}

function factsOf(label: string, facts: readonly OtlpAttribute[]): string[] {
  return facts.map(({ key, value }) => `${label} | ${key} = ${JSON.stringify(Object.values(value)[0])}`);
}

/** `run_step triage`, `run_step triage (2)` … for ids: one more span renames no other. */
function labelsOf(spans: readonly OtlpSpan[]): ReadonlyMap<string, string> {
  const times = new Map<string, number>();
  return new Map(
    spans.map(({ spanId, name }) => {
      const time = (times.get(name) ?? 0) + 1;
      times.set(name, time);
      return [spanId, time === 1 ? name : `${name} (${time})`];
    }),
  );
}

function named(line: string, labels: ReadonlyMap<string, string>): string {
  return line.replace(/\b5a[0-9]{14}\b/g, (id) => `<${labels.get(id) ?? id}>`);
}
