import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../../src/index.ts';
import { buildTimelines, readFromJaeger, readFromTempo } from '../../src/replay.ts';
import { type RunningBackend, startJaeger, startTempo } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';

jest.setTimeout(60_000);

describeWith(['jaeger', 'tempo'], 'a session of more traces than a backend gives by itself', () => {
  const running: RunningBackend[] = [];
  let jaeger: RunningBackend;
  let tempo: RunningBackend;

  beforeAll(async () => {
    jaeger = await startJaeger();
    running.push(jaeger);
    tempo = await startTempo();
    running.push(tempo);
  }, 60_000);

  afterAll(() => Promise.all(running.map((backend) => backend.stop())));

  it('is read whole, whatever its id looks like', async () => {
    const sessionId = 'ticket "4711" \\ {日本}';
    const count = 130;
    await Promise.all([jaeger, tempo].map(({ otlp }) => runOften(otlp, sessionId, count)));
    for (const read of [
      () => readFromJaeger(jaeger.url, { sessionId }),
      () => readFromTempo(tempo.url, { sessionId }),
    ]) {
      await eventually(async () => {
        const { spans, problems } = await read();
        expect(problems).toEqual([]);
        expect(buildTimelines(spans)).toMatchObject([{ id: sessionId, spanCount: count }]);
      });
    }
  });
});

/** Runs of one session, each a trace of its own, as several processes would make them. */
async function runOften(otlp: string, sessionId: string, count: number): Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${otlp}/v1/traces` });
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const baton = new Baton({ agent: 'worker', tracerProvider });
  for (let index = 0; index < count; index++) baton.startRun({ sessionId }).end();
  await tracerProvider.shutdown();
}
