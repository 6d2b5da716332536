import { describe, expect, it } from '@jest/globals';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type FinishedSpan, readFinishedSpans } from '../../src/replay.ts';

describe('reading finished spans of the SDK', () => {
  it('takes what an in-memory exporter holds, with times to the nanosecond', () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer('otel-baton');
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER, startTime: [1_795_251_600, 123_456_789] });
    const child = tracer.startSpan(
      'child',
      {
        kind: SpanKind.CONSUMER,
        startTime: [1_795_251_600, 200_000_001],
        attributes: { 'session.id': 'S-1', list: ['a', 'b'] },
        links: [{ context: root.spanContext(), attributes: { 'baton.link.type': 'handoff' } }],
      },
      trace.setSpan(context.active(), root),
    );
    child.addEvent('order.checked', { orderId: '1' }, [1_795_251_600, 300_000_000]);
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
    child.end([1_795_251_601, 0]);
    root.end([1_795_251_602, 0]);

    const [childSpan, rootSpan] = readFinishedSpans(exporter.getFinishedSpans());
    const { traceId, spanId } = root.spanContext();
    expect(rootSpan).toMatchObject({
      name: 'root',
      kind: 'server',
      parentSpanId: undefined,
      status: { code: 'unset' },
    });
    expect(childSpan).toEqual({
      traceId,
      spanId: child.spanContext().spanId,
      parentSpanId: spanId,
      name: 'child',
      kind: 'consumer',
      startUnixNano: 1795251600200000001n,
      endUnixNano: 1795251601000000000n,
      attributes: { 'session.id': 'S-1', list: ['a', 'b'] },
      events: [{ name: 'order.checked', timeUnixNano: 1795251600300000000n, attributes: { orderId: '1' } }],
      links: [{ traceId, spanId, attributes: { 'baton.link.type': 'handoff' } }],
      status: { code: 'error', message: 'no' },
      resource: expect.objectContaining({ 'telemetry.sdk.language': 'nodejs' }),
      scope: 'otel-baton',
    });
  });

  it('takes a span once that two processors handed over', () => {
    const span: FinishedSpan = {
      name: 'x',
      kind: 0,
      spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }),
      startTime: [1, 0.5],
      endTime: [2, 0],
      status: { code: 0 },
      attributes: {},
      links: [],
      events: [],
      resource: { attributes: {} },
      instrumentationScope: { name: 'x' },
    };
    expect(readFinishedSpans([span, span])).toHaveLength(1);
  });
});
