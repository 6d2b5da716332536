import { ATTR_AGENT_KEY } from '../attributes.ts';
import { ById } from '../by-id.ts';
import { Diagnostics } from '../diagnostics.ts';
import type { ExportableResource, ExportableSpan, Exporter } from './exporter.ts';
import { viewOf } from './span-view.ts';

/**
 * Gives the spans of each agent a resource of their own. `service.name` is the key of the agent, `service.namespace` is the
 * service of the app, and the other attributes stay. Jaeger and Grafana colour spans by service and draw graphs between
 * services, so they show the agents apart. Spans without an agent, such as that of the session, keep the resource of the app.
 *
 * Works with any exporter and any span processor, on the SDK lines 2.x and 3.x. It exports a view of each span and does not
 * change the span, because other processors share it.
 *
 * @example
 * ```ts
 * new BatchSpanProcessor(agentServices(new OTLPTraceExporter()))
 * ```
 */
export function agentServices<Span extends ExportableSpan, Result>(
  exporter: Exporter<Span, Result>,
): Exporter<Span, Result> {
  return new AgentServices(exporter);
}

/** The number of agents whose resources are kept. */
const MOST_AGENTS = 1_000;

class AgentServices<Span extends ExportableSpan, Result> implements Exporter<Span, Result> {
  // No `#`: the doctor reads the address of the exporter through it.
  private readonly exporter: Exporter<Span, Result>;
  /** Exporters group spans by the identity of their resource: one for each agent and app resource. */
  readonly #resources = new WeakMap<ExportableResource, ById<ExportableResource>>();
  readonly #diagnostics = new Diagnostics(false);

  constructor(exporter: Exporter<Span, Result>) {
    this.exporter = exporter;
  }

  export(spans: Span[], resultCallback: (result: Result) => void): void {
    this.exporter.export(
      spans.map((span) => this.#view(span)),
      resultCallback,
    );
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  toString(): string {
    return `agentServices(${this.exporter.constructor.name})`;
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  #view(span: Span): Span {
    const agent = span.attributes[ATTR_AGENT_KEY];
    return typeof agent === 'string' && agent !== ''
      ? viewOf(span, { resource: this.#resourceOf(agent, span.resource) })
      : span;
  }

  #resourceOf(agent: string, app: ExportableResource): ExportableResource {
    let byAgent = this.#resources.get(app);
    if (!byAgent) {
      byAgent = new ById(MOST_AGENTS);
      this.#resources.set(app, byAgent);
    }
    let resource = byAgent.get(agent);
    if (!resource) {
      resource = agentResource(agent, app);
      if (byAgent.set(agent, resource)) this.#warn();
    }
    return resource;
  }

  #warn(): void {
    this.#diagnostics.warn(
      'too_many_agents',
      `agentServices: more than ${MOST_AGENTS} agents, and each is a service of its own in the backend; give agents keys that do not change`,
    );
  }
}

function agentResource(agent: string, app: ExportableResource): ExportableResource {
  const service: Record<string, string> = { 'service.name': agent };
  const appName = app.attributes['service.name'];
  if (typeof appName === 'string') service['service.namespace'] = appName;
  const own = { attributes: service, getRawAttributes: () => Object.entries(service) };
  return app.merge(own as never);
}
