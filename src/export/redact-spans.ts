import type { Attributes, AttributeValue, Link, SpanStatus } from '@opentelemetry/api';
import { type RedactionOptions, Redactor } from '../content/redact.ts';
import { Diagnostics } from '../diagnostics.ts';
import { REDACTED } from '../secrets.ts';
import type { ExportableResource, ExportableSpan, Exporter } from './exporter.ts';
import { type SpanChanges, viewOf } from './span-view.ts';

/**
 * Redacts the secrets in every exported span, whichever library recorded it: `http.request.header.authorization`, a password
 * in `url.full` or `db.query.text`, a token in the message of an exception. It checks names, attributes, events, links, status
 * and the resource, with the rules for Baton's own spans and with your rules.
 *
 * Works with any exporter, on the SDK lines 2.x and 3.x. It exports a view of each span and does not change the span. A span
 * that cannot be read is not exported, and `diag` gets a warning.
 *
 * @param rules - your own keys, patterns and hook, as in the option `redaction` of Baton
 *
 * @example
 * ```ts
 * new BatchSpanProcessor({ exporter: agentServices(redactSpans(new OTLPTraceExporter(), { keys: ['iban'] })) });
 * ```
 */
export function redactSpans<Span extends ExportableSpan, Result>(
  exporter: Exporter<Span, Result>,
  rules: RedactionOptions = {},
): Exporter<Span, Result> {
  return new RedactSpans(exporter, rules);
}

interface ExportableEvent {
  readonly name: string;
  readonly attributes?: Attributes | undefined;
}

class RedactSpans<Span extends ExportableSpan, Result> implements Exporter<Span, Result> {
  // No `#`: the doctor reads the address of the exporter through it.
  private readonly exporter: Exporter<Span, Result>;
  readonly #redactor: Redactor;
  readonly #diagnostics = new Diagnostics(false);
  /** Exporters group spans by the identity of their resource. */
  readonly #resources = new WeakMap<ExportableResource, ExportableResource>();

  constructor(exporter: Exporter<Span, Result>, rules: RedactionOptions) {
    this.exporter = exporter;
    this.#redactor = new Redactor(rules, this.#diagnostics);
    this.#diagnostics.redact = (message) => this.#redactor.warning(message);
  }

  export(spans: Span[], resultCallback: (result: Result) => void): void {
    const views: Span[] = [];
    for (const span of spans) {
      try {
        views.push(this.#view(span));
      } catch {
        this.#diagnostics.warn('telemetry_failed', 'redactSpans: a span that cannot be read is not exported');
      }
    }
    this.exporter.export(views, resultCallback);
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  toString(): string {
    return `redactSpans(${this.exporter.constructor.name})`;
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  /** Returns the span itself where there is nothing to redact. */
  #view(span: Span): Span {
    const changes: SpanChanges = {};
    const name = this.#redactor.name(span.name, 'name') ?? REDACTED;
    if (name !== span.name) changes.name = name;
    const attributes = this.#attributes(span.attributes);
    if (attributes !== span.attributes) {
      changes.attributes = attributes;
      const dropped = Object.keys(span.attributes).length - Object.keys(attributes).length;
      if (dropped > 0) changes.droppedAttributesCount = span.droppedAttributesCount + dropped;
    }
    const events = changed(span.events as readonly ExportableEvent[], (event) => this.#event(event));
    if (events) changes.events = events;
    const links = changed(span.links, (link) => this.#link(link));
    if (links) changes.links = links;
    const status = this.#status(span.status);
    if (status !== span.status) changes.status = status;
    const resource = this.#resource(span.resource);
    if (resource !== span.resource) changes.resource = resource;
    for (const _ in changes) return viewOf(span, changes);
    return span;
  }

  #event(event: ExportableEvent): ExportableEvent {
    const name = this.#redactor.name(event.name, 'name') ?? REDACTED;
    const attributes = event.attributes && this.#attributes(event.attributes);
    return name === event.name && attributes === event.attributes ? event : { ...event, name, attributes };
  }

  #link(link: Link): Link {
    const attributes = link.attributes && this.#attributes(link.attributes);
    return attributes === undefined || attributes === link.attributes ? link : { ...link, attributes };
  }

  #status(status: SpanStatus): SpanStatus {
    if (status.message === undefined) return status;
    const message = this.#redactor.text(status.message, 'status.message');
    if (message === status.message) return status;
    return message === undefined ? { code: status.code } : { ...status, message };
  }

  #resource(resource: ExportableResource): ExportableResource {
    let safe = this.#resources.get(resource);
    if (!safe) {
      const attributes = this.#attributes(resource.attributes);
      const own = { attributes, getRawAttributes: () => Object.entries(attributes) };
      safe = attributes === resource.attributes ? resource : resource.merge(own as never);
      this.#resources.set(resource, safe);
    }
    return safe;
  }

  /** The same object where nothing changes. */
  #attributes(given: Attributes): Attributes {
    let safe: Attributes | undefined;
    for (const key of Object.keys(given)) {
      const value = given[key];
      const name = this.#redactor.name(key, 'name') ?? REDACTED;
      const safeValue = this.#value(key, value);
      if (name === key && safeValue === value) continue;
      safe ??= { ...given };
      if (name !== key || safeValue === undefined) delete safe[key];
      if (safeValue !== undefined) safe[name] = safeValue;
    }
    return safe ?? given;
  }

  /** `undefined` where the app's own redactor dropped it. */
  #value(key: string, value: AttributeValue | undefined): AttributeValue | undefined {
    if (Array.isArray(value)) return this.#list(key, value);
    if (this.#redactor.hides(key, value)) return REDACTED;
    if (typeof value === 'string') return this.#redactor.text(value, key);
    return typeof value === 'number' ? this.#redactor.number(value) : value;
  }

  /** Stays a list of one kind: where a number has to go, all of them become texts. */
  #list(key: string, list: readonly unknown[]): AttributeValue | undefined {
    const safe = this.#redactor.list(list, key);
    if (safe === list) return list as AttributeValue;
    const isMixed = safe.some((item) => typeof item === 'string') && safe.some((item) => typeof item !== 'string');
    return (
      isMixed ? safe.map((item) => (item === null || item === undefined ? item : String(item))) : safe
    ) as AttributeValue;
  }
}

/** A new list, where one of the items became another. */
function changed<Item>(items: readonly Item[], change: (item: Item) => Item): Item[] | undefined {
  let result: Item[] | undefined;
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as Item;
    const next = change(item);
    if (next === item) continue;
    result ??= [...items];
    result[index] = next;
  }
  return result;
}
