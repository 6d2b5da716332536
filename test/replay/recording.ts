import type { RecordedAttributes, RecordedEvent, RecordedLink, RecordedSpan } from '../../src/replay/span.ts';

/** 2026-11-21 09:00:00 UTC: every recording starts there. */
const START = 1_795_251_600_000_000_000n;

/** Start and end in milliseconds since the start of the recording. */
export type Span = readonly [start: number, end: number];

interface Details {
  readonly attributes?: RecordedAttributes;
  readonly links?: readonly RecordedLink[];
  readonly events?: readonly RecordedEvent[];
  readonly error?: string;
}

/** Writes a session by hand, span by span, as the span model has it on the wire. */
export class Recording {
  readonly spans: RecordedSpan[] = [];
  readonly #sessionId: string;
  readonly #traceId: string;

  constructor(sessionId = 'S-1', traceId: string = 'a'.repeat(32)) {
    this.#sessionId = sessionId;
    this.#traceId = traceId;
  }

  session(time: Span, attributes: RecordedAttributes = {}, details: Details = {}): RecordedSpan {
    const name = attributes['gen_ai.workflow.name'] ?? 'pipeline';
    return this.add(`invoke_workflow ${name}`, 'internal', undefined, time, {
      ...details,
      attributes: {
        'gen_ai.operation.name': 'invoke_workflow',
        'gen_ai.workflow.name': 'pipeline',
        'baton.session.kind': 'pipeline',
        'baton.session.status': 'completed',
        ...attributes,
      },
    });
  }

  run(parent: RecordedSpan | undefined, agent: string, time: Span, details: Details = {}): RecordedSpan {
    const key = agent.toLowerCase();
    return this.add(`invoke_agent ${agent}`, 'internal', parent, time, {
      ...details,
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.id': key,
        'gen_ai.agent.name': agent,
        'baton.agent.key': key,
        'baton.run.id': `00-${this.#traceId}-${this.#nextSpanId()}-01`,
        'baton.run.status': 'completed',
        ...details.attributes,
      },
    });
  }

  step(parent: RecordedSpan, key: string, time: Span, details: Details = {}): RecordedSpan {
    return this.#inside(`run_step ${key}`, 'internal', parent, time, details, { 'baton.step.key': key });
  }

  tool(parent: RecordedSpan, name: string, time: Span, details: Details = {}): RecordedSpan {
    return this.#inside(`execute_tool ${name}`, 'internal', parent, time, details, {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
    });
  }

  model(parent: RecordedSpan, name: string, time: Span, details: Details = {}): RecordedSpan {
    return this.#inside(`chat ${name}`, 'client', parent, time, details, {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': name,
    });
  }

  handoff(source: RecordedSpan, target: string | undefined, time: Span, details: Details = {}): RecordedSpan {
    return this.#inside(`handoff ${target ?? ''}`.trim(), 'producer', source, time, details, {
      'baton.handoff.id': `00-${this.#traceId}-${this.#nextSpanId()}-01`,
      'baton.handoff.source': source.attributes['baton.agent.key'],
      ...(target === undefined ? {} : { 'baton.handoff.target': target }),
      'baton.handoff.status': 'requested',
    });
  }

  /** The CONSUMER span below the handoff. */
  answer(handoff: RecordedSpan, status: string, agent: string, at: number, details: Details = {}): RecordedSpan {
    const verb = { accepted: 'accept', rejected: 'reject', returned: 'return', failed: 'fail' }[status] ?? status;
    const { 'baton.handoff.id': id, 'baton.handoff.source': source } = handoff.attributes;
    return this.add(`${verb}_handoff ${source}`, 'consumer', handoff, [at, at + 0.05], {
      ...details,
      attributes: {
        'baton.agent.key': agent,
        'baton.handoff.id': id,
        'baton.handoff.source': source,
        'baton.handoff.status': status,
        ...details.attributes,
      },
    });
  }

  add(
    name: string,
    kind: RecordedSpan['kind'],
    parent: RecordedSpan | undefined,
    [start, end]: Span,
    { attributes = {}, links = [], events = [], error }: Details = {},
  ): RecordedSpan {
    const span: RecordedSpan = {
      traceId: this.#traceId,
      spanId: this.#nextSpanId(),
      parentSpanId: parent?.spanId,
      name,
      kind,
      startUnixNano: at(start),
      endUnixNano: at(end),
      attributes: { 'session.id': this.#sessionId, ...attributes },
      events,
      links,
      status: error === undefined ? { code: 'unset' } : { code: 'error', message: error },
      resource: { 'service.name': 'support' },
      scope: 'otel-baton',
    };
    this.spans.push(span);
    return span;
  }

  #inside(
    name: string,
    kind: RecordedSpan['kind'],
    parent: RecordedSpan,
    time: Span,
    details: Details,
    attributes: RecordedAttributes,
  ): RecordedSpan {
    const { 'baton.agent.key': agent, 'baton.run.id': run } = parent.attributes;
    return this.add(name, kind, parent, time, {
      ...details,
      attributes: { 'baton.agent.key': agent, 'baton.run.id': run, ...attributes, ...details.attributes },
    });
  }

  #nextSpanId(): string {
    return `b${String(this.spans.length + 1).padStart(15, '0')}`;
  }
}

export function at(ms: number): bigint {
  return START + BigInt(Math.round(ms * 1e6));
}

export function event(name: string, ms: number, attributes: RecordedAttributes = {}): RecordedEvent {
  return { name, timeUnixNano: at(ms), attributes };
}

/** A span without what it has only on the wire: as a backend that lost it would return it. */
export function without(spans: readonly RecordedSpan[], ...lost: readonly RecordedSpan[]): RecordedSpan[] {
  return spans.filter((span) => !lost.includes(span));
}

/** The link that a run bears to the handoff it picked up, with the attributes that repeat it. */
export function picksUp(handoff: RecordedSpan): Details & { readonly links: readonly RecordedLink[] } {
  const { 'baton.handoff.id': id, 'baton.handoff.source': source } = handoff.attributes;
  return {
    attributes: { 'baton.handoff.id': id, 'baton.handoff.source': source },
    links: [
      {
        traceId: handoff.traceId,
        spanId: handoff.spanId,
        attributes: { 'baton.link.type': 'handoff', 'baton.handoff.id': id },
      },
    ],
  };
}
