import { type OtlpAttribute, type OtlpResourceSpans, type OtlpSpan, type OtlpTraces, spansOf } from './otlp.ts';

const START = 1_767_225_600_000_000_000n; // 2026-01-01
const STEP = 1_000_000n;

/**
 * What does not change from run to run: spans in the order of their start, ids counted up in that order wherever they
 * stand, times one millisecond apart in their true order, no versions, no stack frames, nothing of the machine.
 * Everything else as it was sent.
 */
export function normalise(received: readonly OtlpTraces[]): OtlpTraces {
  const traces = merge(structuredClone(received));
  const spans = spansOf(traces).sort(byStart);
  renumberTimes(spans);
  for (const span of spans) for (const holder of [span, ...span.events, ...span.links]) tidy(holder.attributes);
  measureWaits(spans);
  return renumberIds(traces, spans);
}

/** One entry per resource, however the exporter cut its batches; the scope is one anyway. */
function merge(received: readonly OtlpTraces[]): OtlpTraces {
  const entries = new Map<string, OtlpResourceSpans>();
  for (const entry of received.flatMap(({ resourceSpans }) => resourceSpans)) {
    const { resource, scopeSpans } = entry;
    resource.attributes = resource.attributes.filter(({ key }) => !/^(process|host)\.(?!name$)/.test(key));
    tidy(resource.attributes);
    const known = entries.get(JSON.stringify(resource));
    if (known) known.scopeSpans[0]?.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
    else entries.set(JSON.stringify(resource), entry);
  }
  const resourceSpans = [...entries.values()];
  for (const { scope, spans } of resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)) {
    scope.version = '0.0.0';
    spans.sort(byStart);
  }
  const firstSpan = ({ scopeSpans }: OtlpResourceSpans) => scopeSpans[0]?.spans[0] as OtlpSpan;
  resourceSpans.sort((one, other) => byStart(firstSpan(one), firstSpan(other)));
  return { resourceSpans };
}

function byStart(one: OtlpSpan, other: OtlpSpan): number {
  return Number(BigInt(one.startTimeUnixNano) - BigInt(other.startTimeUnixNano));
}

function renumberTimes(spans: readonly OtlpSpan[]): void {
  const times = spans.flatMap((span) => [
    span.startTimeUnixNano,
    span.endTimeUnixNano,
    ...span.events.map(({ timeUnixNano }) => timeUnixNano),
  ]);
  const inOrder = [...new Set(times.map(BigInt))].sort((one, other) => Number(one - other));
  const renumbered = new Map(inOrder.map((time, index) => [String(time), String(START + BigInt(index) * STEP)]));
  const at = (time: string): string => renumbered.get(time) ?? '';
  for (const span of spans) {
    span.startTimeUnixNano = at(span.startTimeUnixNano);
    span.endTimeUnixNano = at(span.endTimeUnixNano);
    for (const event of span.events) event.timeUnixNano = at(event.timeUnixNano);
  }
}

function tidy(attributes: OtlpAttribute[]): void {
  attributes.sort((one, other) => (one.key < other.key ? -1 : 1));
  for (const { key, value } of attributes) {
    if (key === 'host.name') value.stringValue = 'host';
    if (key === 'telemetry.sdk.version') value.stringValue = '0.0.0';
    if (key === 'exception.stacktrace') value.stringValue = `${value.stringValue?.split('\n    at ')[0]}\n    at …`;
  }
}

/** `baton.handoff.wait_ms` and `baton.approval.wait_ms` by the renumbered times. */
function measureWaits(spans: readonly OtlpSpan[]): void {
  for (const { attributes, startTimeUnixNano, endTimeUnixNano } of spans) {
    const waited = attributes.find(({ key }) => key === 'baton.approval.wait_ms');
    if (waited) waited.value = { intValue: Number((BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / STEP) };
    const wait = attributes.find(({ key }) => key === 'baton.handoff.wait_ms');
    const id = attributes.find(({ key }) => key === 'baton.handoff.id')?.value.stringValue;
    const handoff = spans.find(({ name, spanId }) => name.startsWith('handoff') && id?.includes(spanId));
    if (!wait || !handoff) continue;
    const nanos = BigInt(startTimeUnixNano) - BigInt(handoff.startTimeUnixNano);
    wait.value = { intValue: Number(nanos / STEP) };
  }
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;

/** Everywhere, also inside a traceparent: an id that is not of these spans stays as it is. */
function renumberIds(traces: OtlpTraces, spans: readonly OtlpSpan[]): OtlpTraces {
  const ids = new Map<string, string>();
  let traceCount = 0;
  for (const [index, { traceId, spanId }] of spans.entries()) {
    if (!ids.has(traceId)) ids.set(traceId, `7ace${String(++traceCount).padStart(28, '0')}`);
    ids.set(spanId, `5a${String(index + 1).padStart(14, '0')}`);
  }
  const uuids = new Map<string, string>();
  const text = JSON.stringify(traces)
    .replace(/\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b/g, (id) => ids.get(id) ?? id)
    .replace(UUID, (uuid) => {
      if (!uuids.has(uuid)) uuids.set(uuid, `00000000-0000-4000-8000-${String(uuids.size + 1).padStart(12, '0')}`);
      return uuids.get(uuid) ?? uuid;
    });
  return JSON.parse(text);
}
