import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as stable from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { parse } from 'yaml';
import * as attributes from '../../src/attributes.ts';

// src/attributes.ts and the registry in semconv/model are one list, and what is copied from OpenTelemetry is copied right.

interface Group {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly metric_name?: string;
  readonly unit?: string;
  readonly attributes?: readonly { readonly id?: string; readonly ref?: string; readonly type?: unknown }[];
}

function groupsOf(file: string): readonly Group[] {
  return parse(readFileSync(`semconv/model/${file}`, 'utf8'), { merge: true }).groups;
}

const registry = groupsOf('attributes.yaml').flatMap((group) => group.attributes ?? []);
const registered = registry.map(({ id, type }) => (String(type).startsWith('template[') ? `${id}.` : String(id)));
const events = groupsOf('spans.yaml')
  .filter(({ type }) => type === 'event')
  .map(({ name }) => String(name));

const constants = Object.entries(attributes).filter(([name]) => name !== 'SCHEMA_URL');
const ours = constants.filter(([, value]) => value.startsWith('baton.'));
const theirs = constants.filter(([, value]) => !value.startsWith('baton.'));

function valuesOf(prefixes: readonly string[]): readonly string[] {
  return ours.filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))).map(([, value]) => value);
}

describe('our names', () => {
  it('are the attributes of the registry, and the registry has no other', () => {
    expect([...valuesOf(['ATTR_', 'PREFIX_'])].sort()).toEqual([...registered].sort());
  });

  it('are the events of the registry, and the registry has no other', () => {
    expect([...valuesOf(['EVENT_'])].sort()).toEqual([...events].sort());
  });

  it('are the metrics of the registry and of the docs, with the same units, and neither has another', () => {
    const registered = groupsOf('metrics.yaml').map(({ metric_name, unit }) => `${metric_name} ${unit}`);
    const rows = readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(baton\.[a-z_.]+)` \| [^|]*, `([^`]+)` \|/gm);
    expect(registered.map((metric) => metric.split(' ')[0]).sort()).toEqual([...valuesOf(['METRIC_'])].sort());
    expect([...rows].map(([, name, unit]) => `${name} ${unit}`)).toEqual(registered);
  });

  it('are attributes, prefixes, events or metrics, and nothing else', () => {
    expect(ours.filter(([name]) => !/^(ATTR|PREFIX|EVENT|METRIC)_/.test(name))).toEqual([]);
  });

  it('stand in a span, an event or a link of the registry', () => {
    const used = new Set(
      groupsOf('spans.yaml')
        .flatMap((group) => group.attributes ?? [])
        .map(({ ref }) => ref),
    );
    expect(registry.map(({ id }) => id).filter((id) => !used.has(id))).toEqual([]);
  });
});

describe("OpenTelemetry's names", () => {
  it('are what the conventions call them', () => {
    expect(theirs.length).toBeGreaterThan(0);
    const known: Readonly<Record<string, unknown>> = { ...stable, ...incubating };
    expect(theirs.filter(([name, value]) => known[name] !== value)).toEqual([]);
  });

  it('are imported where they are stable, and copied where they are not', () => {
    const source = readFileSync('src/attributes.ts', 'utf8');
    const copied = theirs.map(([name]) => name).filter((name) => source.includes(`export const ${name} `));
    expect(copied.filter((name) => name in stable)).toEqual([]);
    expect(theirs.map(([name]) => name).filter((name) => !copied.includes(name) && !(name in stable))).toEqual([]);
  });
});
