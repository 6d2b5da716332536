import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { agentServices } from '../../../src/export.ts';
import { Baton } from '../../../src/index.ts';
import { type RecordedSpan, readFinishedSpans } from '../../../src/replay.ts';

/**
 * Two sessions of a shop, each a trace: in SUP-123 a handoff waits long, a refund fails and another handoff is rejected, in
 * SUP-124 all goes well.
 */
export async function runShop(targets: readonly string[]): Promise<readonly RecordedSpan[]> {
  const memory = new InMemorySpanExporter();
  const exporters = targets.map((url) => agentServices(new OTLPTraceExporter({ url: `${url}/v1/traces` })));
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(memory), ...exporters.map((exporter) => new BatchSpanProcessor(exporter))],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    const baton = new Baton({ agent: 'triage', tracerProvider });
    await tell(baton, { id: 'SUP-123', step: 'check-order', waitMs: 1_050, fails: true });
    await tell(baton, { id: 'SUP-124', step: 'read-mail', waitMs: 1, fails: false });
    await tracerProvider.forceFlush();
    return readFinishedSpans(memory.getFinishedSpans());
  } finally {
    await tracerProvider.shutdown();
    context.disable();
  }
}

interface Ticket {
  readonly id: string;
  readonly step: string;
  readonly waitMs: number;
  readonly fails: boolean;
}

async function tell(baton: Baton, { id, step, waitMs, fails }: Ticket): Promise<void> {
  const ticket = baton.withSession({ id, kind: 'pipeline' }, () =>
    baton.withRun({ agent: 'triage' }, async () => {
      await baton.withWorkflowStep({ stepKey: step }, () => sleep(1));
      if (fails) {
        baton.trackHandoffRequested({ target: 'billing', reason: 'Is this a refund?' });
        await baton.withChildRun({ agent: 'billing' }, async () => baton.trackHandoffRejected({ reason: 'Ask again' }));
      }
      baton.trackHandoffRequested({ target: 'billing', reason: 'Refund it' });
      await sleep(waitMs);
      await baton.withChildRun({ agent: 'billing' }, async () => {
        baton.trackHandoffCompleted();
        await baton.withTool({ tool: { name: 'lookup_order', riskLevel: 'low' } }, () => sleep(1));
        await baton.withTool({ tool: { name: 'issue_refund', riskLevel: 'high' } }, async () => {
          if (fails) throw new Error('the bank does not answer');
        });
      });
    }),
  );
  await ticket.catch((error: unknown) => {
    if (!fails) throw error;
  });
}
