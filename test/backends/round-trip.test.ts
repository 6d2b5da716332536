import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RecordedSpan, readOtlpJson } from '../../src/replay.ts';
import { type RunningBackend, startCollector, startJaeger, startTempo } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';
import { PROGRAMS, type ProgramName, runPrograms, type Sent } from './support/programs.ts';
import { type MetricsReceiver, startMetricsReceiver } from './support/remote-write.ts';

// What people's programs send, held against what the backends have of it.

const names = Object.keys(PROGRAMS) as ProgramName[];
const ways = ['Jaeger', 'Jaeger through the Collector', 'Tempo', 'Tempo through the Collector'] as const;

describeWith(['jaeger', 'tempo', 'collector'], 'what a program sends', () => {
  let metrics: MetricsReceiver | undefined;
  const running: RunningBackend[] = [];
  let backends: Readonly<Record<(typeof ways)[number], RunningBackend>>;
  let sent: ReadonlyMap<ProgramName, Sent>;

  beforeAll(async () => {
    metrics = await startMetricsReceiver();
    const [jaeger, collectedJaeger] = await Promise.all([startJaeger(), startJaeger()]);
    running.push(jaeger, collectedJaeger);
    const [tempo, collectedTempo] = await Promise.all([startTempo(metrics.url), startTempo()]);
    running.push(tempo, collectedTempo);
    const collector = await startCollector({ jaeger: collectedJaeger, tempo: collectedTempo });
    running.push(collector);
    backends = {
      Jaeger: jaeger,
      'Jaeger through the Collector': collectedJaeger,
      Tempo: tempo,
      'Tempo through the Collector': collectedTempo,
    };
    sent = await runPrograms([jaeger, tempo, collector].map(({ otlp }) => otlp));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(running.map((backend) => backend.stop()));
    await metrics?.close();
  });

  const sentBy = (name: ProgramName): Sent => {
    const found = sent.get(name);
    if (!found) throw new Error(`${name} did not run`);
    return found;
  };
  const everything = (): RecordedSpan[] => names.flatMap((name) => sentBy(name).spans);

  describe.each(ways)('arrives in %s', (way) => {
    it.each(names)('whole and unchanged, span by span: %s', async (name) => {
      const { spans, traceIds } = sentBy(name);
      await eventually(async () => {
        const stored = await Promise.all(traceIds.map((traceId) => readTrace(backends[way], way, traceId)));
        expect(inOrder(stored.flat().map(asSent))).toEqual(inOrder(spans.map(asSent)));
      });
    });
  });

  describe.each(ways.filter((way) => way.startsWith('Jaeger')))('makes %s', (way) => {
    it('warn of nothing, but for the one parent that another process kept to itself', async () => {
      const known = new Set(everything().map(({ traceId, spanId }) => `${traceId}:${spanId}`));
      const withoutParent = everything()
        .filter(({ traceId, parentSpanId }) => parentSpanId && !known.has(`${traceId}:${parentSpanId}`))
        .map(({ name }) => name);
      expect(inOrder(withoutParent)).toEqual(['accept_handoff mail-intake', 'invoke_agent mail-reader']);

      const traces = await Promise.all(names.flatMap((name) => sentBy(name).traceIds).map(readAsUi));
      const warned = traces.flat().filter(({ warnings }) => warnings);
      expect(inOrder(warned.map(({ operationName }) => operationName))).toEqual(inOrder(withoutParent));
    });

    it('draw an edge between the agents of each handoff that was answered', async () => {
      const url = `${backends[way].url}/api/dependencies?endTs=${Date.now() + 60_000}&lookback=3600000`;
      const { data } = await getJson<{ data: Dependency[] }>(url);
      const drawn = data.filter(({ parent, child }) => parent !== child);
      expect(inOrder(drawn.map(({ parent, child, callCount }) => `${parent} → ${child}: ${callCount}`))).toEqual(
        counted(edgesBetween(everything(), () => true)),
      );
      expect(drawn).toEqual(
        expect.arrayContaining(
          edgesBetween(everything(), isAnswer).map(([parent, child]) => expect.objectContaining({ parent, child })),
        ),
      );
    });

    /** As the UI reads a trace, which is when Jaeger looks for what to warn of. */
    async function readAsUi(traceId: string): Promise<UiSpan[]> {
      const { data } = await getJson<{ data: { spans: UiSpan[] }[] }>(`${backends[way].url}/api/traces/${traceId}`);
      return data.flatMap(({ spans }) => spans);
    }
  });

  it('makes the service graph of Tempo count each handoff that was answered', async () => {
    await eventually(async () => {
      const edges = metrics?.series().filter(({ labels }) => labels.__name__ === 'traces_service_graph_request_total');
      const drawn = edges?.map(({ labels, value }) => `${labels.client} → ${labels.server}: ${value}`);
      expect(inOrder(drawn ?? [])).toEqual(counted(edgesBetween(everything(), isAnswer)));
      expect(new Set(edges?.map(({ labels }) => labels.connection_type))).toEqual(new Set(['messaging_system']));
    });
  }, 40_000);
});

interface Dependency {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
}

interface UiSpan {
  readonly operationName: string;
  readonly warnings: readonly string[] | null;
}

async function readTrace({ url }: RunningBackend, way: string, traceId: string): Promise<RecordedSpan[]> {
  const path = way.startsWith('Jaeger') ? `/api/v3/traces/${traceId}?rawTraces=true` : `/api/v2/traces/${traceId}`;
  const response = await fetch(`${url}${path}`);
  return [...readOtlpJson(await response.text()).spans];
}

/** Once a trace was looked at, Jaeger has its events by name, and its own notes on the spans. */
function asSent(span: RecordedSpan): RecordedSpan {
  const key = ({ timeUnixNano, name }: RecordedSpan['events'][number]) => `${timeUnixNano} ${name}`;
  const attributes = Object.entries(span.attributes).filter(([name]) => !name.startsWith('@jaeger@'));
  const events = [...span.events].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return { ...span, attributes: Object.fromEntries(attributes), events };
}

async function getJson<Body>(url: string): Promise<Body> {
  const response = await fetch(url);
  return (await response.json()) as Body;
}

function inOrder<Item>(items: readonly Item[]): Item[] {
  const key = (item: Item) => (typeof item === 'string' ? item : (item as RecordedSpan).spanId);
  return [...items].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/** The services of parent and child, for each pair of them that differ. */
function edgesBetween(
  spans: readonly RecordedSpan[],
  matters: (child: RecordedSpan) => boolean,
): [parent: string, child: string][] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.filter(matters).flatMap((child) => {
    const parent = byId.get(child.parentSpanId ?? '');
    const edge: [string, string] = [serviceOf(parent), serviceOf(child)];
    return parent && edge[0] !== edge[1] ? [edge] : [];
  });
}

function isAnswer({ kind }: RecordedSpan): boolean {
  return kind === 'consumer';
}

function serviceOf(span: RecordedSpan | undefined): string {
  return String(span?.resource['service.name']);
}

function counted(edges: readonly (readonly [string, string])[]): string[] {
  const counts = new Map<string, number>();
  for (const [parent, child] of edges) {
    const edge = `${parent} → ${child}`;
    counts.set(edge, (counts.get(edge) ?? 0) + 1);
  }
  return inOrder(Array.from(counts, ([edge, count]) => `${edge}: ${count}`));
}
