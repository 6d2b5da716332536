const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const codes = ['unset', 'ok', 'error'];

/**
 * OTLP/JSON traces as the sample list that `weaver registry live-check --input-source` reads. Weaver never sees the
 * instrumentation scope, so spans of other scopes are left out here.
 */
export function samplesOf(traces, scopeName) {
  return traces.resourceSpans.flatMap(({ resource, scopeSpans }) => [
    { resource: { attributes: attributesOf(resource) } },
    ...scopeSpans
      .filter(({ scope }) => scope?.name === scopeName)
      .flatMap(({ spans }) => spans.map((span) => ({ span: sampleOf(span) }))),
  ]);
}

function sampleOf(span) {
  return {
    name: span.name,
    kind: kinds[span.kind ?? 0],
    status: { code: codes[span.status?.code ?? 0], message: span.status?.message ?? '' },
    attributes: attributesOf(span),
    span_events: (span.events ?? []).map((event) => ({ name: event.name, attributes: attributesOf(event) })),
    span_links: (span.links ?? []).map((link) => ({ attributes: attributesOf(link) })),
  };
}

function attributesOf(holder) {
  return (holder?.attributes ?? []).map(({ key, value }) => ({ name: key, value: plain(value), type: typeOf(value) }));
}

function plain(value) {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plain);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}

function typeOf(value) {
  if (value.arrayValue) return `${typeOf(value.arrayValue.values?.[0] ?? { stringValue: '' })}[]`;
  if (value.stringValue !== undefined) return 'string';
  if (value.boolValue !== undefined) return 'boolean';
  return value.intValue === undefined ? 'double' : 'int';
}
