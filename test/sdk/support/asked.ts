import type { OtlpRequest } from '../../support/otlp-receiver.ts';

/** A request for an export, with what it brought. */
export interface Asked extends OtlpRequest {
  readonly spans: readonly OtlpSpan[];
  readonly resource: Readonly<Record<string, string>>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

export interface OtlpSpan {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly attributes: readonly Attribute[] }[];
  readonly links: readonly { readonly attributes: readonly Attribute[] }[];
}

export function readAsked(request: OtlpRequest): Asked {
  const { resourceSpans } = JSON.parse(request.body);
  const attributes: readonly Attribute[] = resourceSpans[0].resource.attributes;
  return {
    ...request,
    spans: resourceSpans.flatMap((each: { scopeSpans: { spans: OtlpSpan[] }[] }) =>
      each.scopeSpans.flatMap(({ spans }) => spans),
    ),
    resource: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
  };
}
