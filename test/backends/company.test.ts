import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { Baton } from '../../src/index.ts';
import type { RecordedSpan } from '../../src/replay.ts';
import { type App, startApp } from './support/app.ts';
import { onFreePorts, type Ports, type RunningBackend, startJaeger, startJaegerOn } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';
import { spansInJaeger } from './support/in-jaeger.ts';
import { type Sample, type Tier, tier } from './support/tier.ts';

// The set-up of docs/company.md, with real Collectors: what is kept, what is counted, and that nothing gets lost.

jest.setTimeout(120_000);
beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

describeWith(['jaeger', 'collector'], 'an agent and two gateways', () => {
  const SESSIONS = 24;
  let jaeger: RunningBackend;
  let gateways: readonly Tier[];
  let agent: Tier;
  let sent: readonly RecordedSpan[];
  let kept: readonly RecordedSpan[];

  beforeAll(async () => {
    jaeger = await startJaeger();
    const env = {
      GATEWAY_EXPORTERS: '[otlp_http/jaeger]',
      JAEGER_OTLP: jaeger.otlp,
      GATEWAY_DECISION_WAIT: '1s',
      GATEWAY_METRICS_INTERVAL: '500ms',
    };
    gateways = [await tier('gateway', env), await tier('gateway', env)];
    agent = await tier('agent', { GATEWAYS: JSON.stringify(gateways.map(({ grpc }) => grpc)) });
    await Promise.all([...gateways, agent].map((each) => each.start()));

    const intake = await startApp('intake', agent.otlp, { ratio: 0.5 });
    const office = await startApp('office', agent.otlp, { ratio: 0.5 });
    try {
      for (let index = 0; index < SESSIONS; index++) await work(index, intake.baton, office.baton);
    } finally {
      sent = [...(await intake.end()), ...(await office.end())];
    }

    const toKeep = groupBy(sent, traceOf);
    kept = [...toKeep.values()].filter(shouldBeKept).flat();
    await eventually(async () => {
      expect(await spansInJaeger(jaeger, kept.map(traceOf))).toHaveLength(kept.length);
    });
    // Whatever else was still to be decided has been by now.
    await sleep(1_500);
  });

  afterAll(async () => {
    await Promise.all([agent, ...gateways].map((each) => each?.remove()));
    await jaeger?.stop();
  });

  /** A session in two processes and three traces; some fail or are sent back. */
  async function work(index: number, intake: Baton, office: Baton): Promise<void> {
    const sessionId = `ticket-${index}`;
    await intake.withSession({ id: sessionId, kind: 'pipeline' }, () =>
      intake.withRun({ agent: 'triage' }, async () => {
        intake.trackHandoffRequested({ target: 'billing', reason: 'A refund' });
        await intake.withChildRun({ agent: 'billing' }, () => {
          if (index % 8 === 3) intake.trackHandoffRejected({ reason: 'Not ours' });
        });
      }),
    );
    await office.withRun({ sessionId, agent: 'letters' }, () => {});
    const last = office.withRun({ sessionId, agent: 'archive' }, async () => {
      if (index % 8 === 5) throw new Error('no space left');
    });
    await last.catch(() => {});
  }

  it('keep whole sessions: all traces of those in the share, from all processes and through both gateways', async () => {
    const marked = sent.filter(({ attributes }) => attributes['baton.session.sampled'] === true).map(sessionOf);
    const inShare = new Set(marked);
    expect(inShare.size).toBeGreaterThan(SESSIONS / 4);
    expect(inShare.size).toBeLessThan((SESSIONS * 3) / 4);

    const stored = await spansInJaeger(jaeger, sent.map(traceOf));
    for (const [session, spans] of groupBy(sent, sessionOf)) {
      expect(new Set(spans.map(traceOf)).size).toBe(3);
      if (inShare.has(session)) {
        expect(namesOf(stored.filter((span) => sessionOf(span) === session))).toEqual(namesOf(spans));
      }
    }
    for (const gateway of gateways)
      expect(total(await gateway.metrics(), 'traces_span_metrics_calls_total')).not.toBe(0);
  });

  it('keep, beside them, each trace with a failure or with a handoff that went wrong, and no other', async () => {
    const stored = await spansInJaeger(jaeger, sent.map(traceOf));
    expect(idsOf(stored)).toEqual(idsOf(kept));
    const outside = [...groupBy(kept, traceOf).values()].filter((trace) => !trace.some(isInShare));
    expect(
      new Set(
        outside.map((trace) =>
          trace
            .map(({ name }) => name)
            .sort()
            .join(' '),
        ),
      ),
    ).toEqual(
      new Set([
        'handoff billing invoke_agent billing invoke_agent triage invoke_workflow pipeline reject_handoff triage',
        'invoke_agent archive',
      ]),
    );
  });

  it('count everything, also what they do not keep', async () => {
    expect(kept.length).toBeLessThan(sent.length * 0.8);
    await eventually(async () => {
      const counted = (await Promise.all(gateways.map((gateway) => gateway.metrics()))).flat();
      expect(
        totals(
          counted,
          'traces_span_metrics_calls_total',
          ({ service_name, span_name }) => `${service_name} ${span_name}`,
        ),
      ).toEqual(countBy(sent, (span) => `${span.resource['service.name']} ${span.name}`));
      expect(
        totals(counted, 'traces_service_graph_request_total', ({ client, server }) => `${client} → ${server}`),
      ).toEqual({
        'triage → billing': SESSIONS,
      });
      const failed = counted.filter(({ labels }) => labels.status_code === 'STATUS_CODE_ERROR');
      expect(total(failed, 'traces_span_metrics_calls_total')).toBe(
        sent.filter(({ status }) => status.code === 'error').length,
      );
    });
  });
});

describeWith(['jaeger', 'collector'], 'a Collector that is killed while its backend is away', () => {
  describe.each(['collector', 'agent'] as const)('with %s.yaml', (config) => {
    it('loses nothing', async () => {
      await onFreePorts(5, async (ports: Ports) => {
        const jaegerOtlp = `http://127.0.0.1:${ports[0]}`;
        const env = { JAEGER_OTLP: jaegerOtlp, GATEWAY_DECISION_WAIT: '500ms' };
        const exporters = '[otlp_http/jaeger]';
        const gateway = await tier('gateway', { ...env, GATEWAY_EXPORTERS: exporters });
        const first = await tier(config, {
          ...env,
          COLLECTOR_EXPORTERS: exporters,
          GATEWAYS: JSON.stringify([gateway.grpc]),
        });
        const running: { stop(): Promise<void> }[] = [{ stop: first.remove }, { stop: gateway.remove }];
        const app = await startApp('app', first.otlp, { ratio: 1 });
        let working = true;
        try {
          await first.start();
          const shift = keepWorking(app, () => working);

          await sleep(500);
          await first.kill();
          await sleep(200);
          await first.start();
          await sleep(500);
          const jaeger = await startJaegerOn(ports);
          running.push(jaeger);
          if (config === 'agent') await gateway.start();
          // Again, now that it is busy with what was waiting.
          await sleep(700);
          await first.kill();
          await first.start();
          working = false;
          await shift;
          const sent = await app.end();

          expect(sent.length).toBeGreaterThan(300);
          await eventually(async () => {
            const stored = await spansInJaeger(jaeger, sent.map(traceOf));
            expect(idsOf(stored)).toEqual(idsOf(sent));
          }, 75_000);
        } finally {
          working = false;
          await app.end();
          await Promise.all(running.map((each) => each.stop()));
        }
      });
    });
  });

  async function keepWorking({ baton }: App, more: () => boolean): Promise<void> {
    while (more()) {
      await baton.withSession({ kind: 'pipeline' }, () =>
        baton.withRun({ agent: 'triage' }, () => baton.withTool({ tool: 'look_up' }, () => sleep(5))),
      );
    }
  }
});

/** What the policies of gateway.yaml say. */
function shouldBeKept(trace: readonly RecordedSpan[]): boolean {
  const wrong = ['rejected', 'failed', 'expired'];
  return trace.some(
    (span) =>
      isInShare(span) ||
      span.status.code === 'error' ||
      wrong.includes(String(span.attributes['baton.handoff.status'])) ||
      span.attributes['baton.handoff.overdue'] === true,
  );
}

function isInShare({ attributes }: RecordedSpan): boolean {
  return attributes['baton.session.sampled'] === true;
}

function traceOf({ traceId }: RecordedSpan): string {
  return traceId;
}

function sessionOf({ attributes }: RecordedSpan): string {
  return String(attributes['session.id']);
}

function namesOf(spans: readonly RecordedSpan[]): string[] {
  return spans.map(({ name }) => name).sort();
}

/** Each once: what was on its way when a Collector was killed is sent again. */
function idsOf(spans: readonly RecordedSpan[]): string[] {
  return [...new Set(spans.map(({ traceId, spanId }) => `${traceId}:${spanId}`))].sort();
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Record<string, number> {
  return Object.fromEntries(Array.from(groupBy(items, keyOf), ([key, group]) => [key, group.length]));
}

function totals(
  samples: readonly Sample[],
  metric: string,
  keyOf: (labels: Sample['labels']) => string,
): Record<string, number> {
  const found = samples.filter(({ name }) => name === metric);
  return Object.fromEntries(
    Array.from(
      groupBy(found, ({ labels }) => keyOf(labels)),
      ([key, group]) => [key, total(group, metric)],
    ),
  );
}

function total(samples: readonly Sample[], metric: string): number {
  return samples.reduce((sum, { name, value }) => sum + (name === metric ? value : 0), 0);
}
