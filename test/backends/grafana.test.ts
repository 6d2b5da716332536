import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { startApp } from './support/app.ts';
import { type RunningBackend, startTempo } from './support/backends.ts';
import { readDashboard, targetsOf } from './support/dashboard.ts';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';
import { metricsTo } from './support/metrics-export.ts';
import { runPrograms } from './support/programs.ts';
import { type Prometheus, startPrometheus } from './support/prometheus.ts';
import { type Tier, tier } from './support/tier.ts';

// Grafana does not run here. What its dashboard asks is asked in its place.

jest.setTimeout(60_000);

describeWith(['tempo'], 'the dashboard, asking Tempo,', () => {
  let tempo: RunningBackend;
  let sessionId: string;

  beforeAll(async () => {
    tempo = await startTempo();
    const sent = await runPrograms([tempo.otlp]);
    sessionId = sent.get('001')?.sessionIds[0] ?? '';
  });
  afterAll(() => tempo?.stop());

  const queries = targetsOf(readDashboard()).filter(({ query }) => query !== undefined);

  it.each(queries)('finds something: $query', async ({ query = '', metricsQueryType }) => {
    const traceQl = query.replaceAll('$session', sessionId);
    const path = metricsQueryType ? '/api/metrics/query_range?step=60s&q=' : '/api/search?q=';
    await eventually(async () => {
      const now = Math.ceil(Date.now() / 1_000);
      const url = `${tempo.url}${path}${encodeURIComponent(traceQl)}&start=${now - 600}&end=${now}`;
      const response = await fetch(url);
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      const { series, traces } = JSON.parse(text) as { series?: unknown[]; traces?: unknown[] };
      expect(series ?? traces).not.toHaveLength(0);
    });
  });
});

describeWith(['tempo', 'collector', 'prometheus'], 'the dashboard, asking Prometheus,', () => {
  const running: { stop(): Promise<void> }[] = [];
  let prometheus: Prometheus;

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const tempo = await startTempo();
    running.push(tempo);
    const started = async (config: 'agent' | 'gateway', env: Record<string, string>): Promise<Tier> => {
      const each = await tier(config, env);
      running.push({ stop: each.remove });
      await each.start();
      return each;
    };
    const gateway = await started('gateway', {
      GATEWAY_EXPORTERS: '[otlp_http/tempo]',
      TEMPO_OTLP: tempo.otlp,
      GATEWAY_METRICS_INTERVAL: '500ms',
    });
    const agent = await started('agent', { GATEWAYS: JSON.stringify([gateway.grpc]) });
    prometheus = await startPrometheus([agent.metricsAddress, gateway.metricsAddress]);
    running.push(prometheus);
    // Prometheus takes some seconds to begin.
    await eventually(async () => expect(await prometheus.query('up == 1')).toHaveLength(2));
    const metrics = metricsTo(agent.otlp);
    const { baton, end } = await startApp('intake', agent.otlp, { meterProvider: metrics });
    // Twice, with time to read between: Prometheus sees what is added, not what was there when it first looked.
    for (let round = 0; round < 2; round++) {
      await baton.withSession({ kind: 'pipeline' }, () =>
        baton.withRun({ agent: 'triage' }, async () => {
          baton.trackHandoffRequested({ target: 'billing' });
          await baton.withChildRun({ agent: 'billing' }, () =>
            baton.withTool({ tool: 'issue_refund' }, () => sleep(20)),
          );
        }),
      );
      await baton.withRun({ agent: 'printer' }, () => Promise.reject(new RangeError('no paper'))).catch(() => {});
      await metrics.forceFlush();
      await sleep(2_000);
    }
    await end();
    await metrics.shutdown();
  });

  afterAll(async () => {
    context.disable();
    await Promise.all(running.map((each) => each.stop()));
  });

  const expressions = targetsOf(readDashboard()).filter(({ expr }) => expr !== undefined);

  it.each(expressions)('finds something: $expr', async ({ expr = '' }) => {
    await eventually(async () => {
      const found = await prometheus.query(expr.replaceAll('$__rate_interval', '1m'));
      expect(found).not.toHaveLength(0);
      expect(found.filter(({ value: [, value] }) => value === 'NaN')).toEqual([]);
      // A label that does not exist would leave one series without labels.
      const labels =
        /by \((.+?)\)/
          .exec(expr)?.[1]
          ?.split(', ')
          .filter((label) => label !== 'le') ?? [];
      for (const { metric } of found) expect(Object.keys(metric).sort()).toEqual(labels.sort());
    });
  });
});
