import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { metrics, type Tracer } from '@opentelemetry/api';
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../../src/index.ts';
import { Recording, type RecordingOptions } from '../support/recording.ts';

class Reader extends MetricReader {
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

const recording = new Recording();
let reader: Reader;

beforeEach(() => {
  reader = new Reader();
});

afterEach(async () => {
  await recording.stop();
  metrics.disable();
});

function record(options?: RecordingOptions): Baton {
  recording.start(options);
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return new Baton({ agent: 'triage' });
}

/** One line for each metric and set of attributes; of a histogram how often, because how long is different each time. */
async function measured(): Promise<string[]> {
  const { resourceMetrics } = await reader.collect();
  return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics: all }) => {
    expect(scope.name).toBe('otel-baton');
    return all.flatMap(({ descriptor, dataPoints }) =>
      (dataPoints as DataPoint<number | { count: number }>[]).map(({ attributes, value }) => {
        const said = Object.entries(attributes).map(([name, given]) => `${name.split('.').at(-1)}=${given}`);
        const amount = typeof value === 'number' ? value : value.count;
        return `${descriptor.name} ${[...said, amount].join(' ')} ${descriptor.unit}`;
      }),
    );
  });
}

async function work(baton: Baton): Promise<void> {
  await baton.withSession({}, () =>
    baton.withRun({}, async () => {
      for (const target of ['billing', 'shipping']) baton.trackHandoffRequested({ target });
      await baton.withChildRun({ agent: 'billing' }, async () => {
        baton.trackHandoffCompleted();
        await baton.withTool({ tool: { name: 'refund' } }, async () => {});
        await baton
          .withTool({ tool: { name: 'refund' } }, () => Promise.reject(new TypeError('no such order')))
          .catch(() => {});
        baton.trackHandoffCompleted();
      });
      await baton.withChildRun({ agent: 'shipping' }, () => baton.trackHandoffRejected({ reason: 'closed' }));
      baton.trackHandoffRequested({ target: 'nobody', mode: 'return_to_caller' });
    }),
  );
}

const WORK = [
  'baton.handoffs status=completed source=triage target=billing mode=return_to_caller 1 {handoff}',
  'baton.handoffs status=rejected source=triage target=shipping mode=return_to_caller 1 {handoff}',
  'baton.handoffs status=requested source=triage target=nobody mode=return_to_caller 1 {handoff}',
  'baton.handoff.wait_duration status=accepted source=triage target=billing 1 s',
  'baton.handoff.wait_duration status=rejected source=triage target=shipping 1 s',
  'baton.run.duration key=billing status=completed 1 s',
  'baton.run.duration key=shipping status=completed 1 s',
  'baton.run.duration key=triage status=completed 1 s',
  'baton.tool.duration name=refund key=billing 1 s',
  'baton.tool.duration type=TypeError name=refund key=billing 1 s',
  'baton.open_sessions 0 {session}',
];

describe('metrics', () => {
  it('count handoffs by what came of them, and time runs, tools and waits', async () => {
    await work(record());
    expect(await measured()).toEqual(WORK);
  });

  it('count what is not sampled as well, and record none of it', async () => {
    const baton = record({ sampler: new AlwaysOffSampler() });
    await work(baton);
    expect(await measured()).toEqual(WORK);
    expect(recording.spans()).toEqual([]);
    expect(baton.warnings()).toEqual({});
  });

  it('tell which sessions are open', async () => {
    const baton = record();
    const session = baton.startSession({});
    baton.startSession({}).end();
    expect(await measured()).toEqual(['baton.open_sessions 1 {session}']);
    session.end();
    session.end();
    expect(await measured()).toEqual(['baton.open_sessions 0 {session}']);
  });

  it('take no session back that nobody had counted', async () => {
    recording.start();
    const baton = new Baton({ agent: 'triage' });
    const session = baton.startSession({});
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    session.end();
    expect(await measured()).toEqual([]);
  });

  it('say how long the work took, in seconds', async () => {
    const baton = record();
    const before = performance.now();
    await baton.withRun({}, () => new Promise((resolve) => setTimeout(resolve, 30)));
    const took = performance.now() - before;
    const { resourceMetrics } = await reader.collect();
    const [runs] = resourceMetrics.scopeMetrics[0]?.metrics ?? [];
    const [point] = runs?.dataPoints ?? [];
    const sum = (point?.value as { sum: number } | undefined)?.sum;
    expect(sum).toBeGreaterThan(0.028);
    // In a millisecond more: so much the two clocks may differ.
    expect(sum).toBeLessThan((took + 1) / 1_000);
  });

  const handoffs = async (): Promise<string[]> =>
    (await measured()).filter((line) => line.startsWith('baton.handoffs'));

  it('count a handoff where it was asked, whether or not somebody reads its carrier, and what was received apart', async () => {
    const baton = record();
    let carrier = {};
    baton.withRun({}, () => {
      baton.trackHandoffRequested({ target: 'worker' });
      carrier = baton.trackHandoffRequested({ target: 'worker' }).carrier();
    });
    const asked = ['baton.handoffs status=requested source=triage target=worker mode=return_to_caller 2 {handoff}'];
    expect(await handoffs()).toEqual(asked);
    baton.withRun({ agent: 'worker', carrier }, () => baton.trackHandoffCompleted());
    expect(await handoffs()).toEqual(asked);
    expect(await measured()).toContain(
      'baton.received_handoffs status=accepted source=triage target=worker 1 {handoff}',
    );
  });

  it('count a handoff that is tried twice once, with its last word', async () => {
    const baton = record();
    baton.withSession({}, () =>
      baton.withRun({}, () => {
        const { id } = baton.trackHandoffRequested({ target: 'worker' });
        for (const outcome of ['failed', 'done']) {
          const run = baton.startRun({ agent: 'worker', handoffId: id });
          run.handoff?.accept();
          if (outcome === 'failed') run.fail(new Error('503'));
          else run.handoff?.complete();
          run.end();
        }
      }),
    );
    expect(await handoffs()).toEqual([
      'baton.handoffs status=completed source=triage target=worker mode=return_to_caller 1 {handoff}',
    ]);
  });

  it('count a handoff that nobody could complete with the end of its session', async () => {
    const baton = record();
    const session = baton.startSession({});
    session.within(() =>
      baton.withRun({}, () => {
        baton.trackHandoffRequested({ target: 'worker' });
        baton.startRun({ agent: 'worker' }).fail(new Error('503'));
      }),
    );
    expect(await handoffs()).toEqual([]);
    session.end();
    expect(await handoffs()).toEqual([
      'baton.handoffs status=accepted source=triage target=worker mode=return_to_caller 1 {handoff}',
    ]);
  });

  it('mark a handoff whose deadline passed while its carrier was away', async () => {
    const baton = record();
    await baton.withRun({}, async () => {
      baton.trackHandoffRequested({ target: 'worker', expiresInMs: 5 }).carrier();
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    expect(await handoffs()).toEqual([
      'baton.handoffs status=requested source=triage target=worker mode=return_to_caller overdue=true 1 {handoff}',
    ]);
  });

  it('count attributes that are left out', async () => {
    const baton = record();
    const metadata = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${index}`, index]));
    baton.withRun({ metadata: { nothing: undefined, ...metadata }, stepIndex: -1 }, (run) =>
      run.setMetadata({ onemore: 1 }),
    );
    expect(await measured()).toContain('baton.dropped_attributes 10 {attribute}');
  });

  it('count spans that OpenTelemetry lost', async () => {
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const tracer = {
      startSpan() {
        throw new Error('broken');
      },
    } as unknown as Tracer;
    const baton = new Baton({ agent: 'triage', tracerProvider: { getTracer: () => tracer } });
    expect(baton.withRun({}, () => 'result')).toBe('result');
    expect(await measured()).toEqual(['baton.dropped_spans 1 {span}']);
  });

  it('go to the meter provider that is given', async () => {
    recording.start();
    const baton = new Baton({ agent: 'triage', meterProvider: new MeterProvider({ readers: [reader] }) });
    baton.withRun({}, () => {});
    expect(await measured()).toEqual(['baton.run.duration key=triage status=completed 1 s']);
  });

  it('never disturb the app when a meter throws', async () => {
    recording.start();
    const broken = () => {
      throw new Error('broken meter');
    };
    const meter = new Proxy({}, { get: () => () => ({ add: broken, record: broken }) });
    for (const meterProvider of [{ getMeter: broken }, { getMeter: () => meter }] as never[]) {
      const baton = new Baton({ agent: 'triage', meterProvider });
      await work(baton);
      expect(baton.warnings()).toEqual({ telemetry_failed: expect.any(Number) });
    }
    expect(recording.spans()).toHaveLength(2 * 11);
  });
});
