import {
  type Attributes,
  type Context,
  INVALID_SPAN_CONTEXT,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { ATTR_LINK_TYPE, ATTR_LINKS_DROPPED } from '../attributes.ts';
import type { RunStatus } from '../model.ts';
import { KIND_INTERNAL } from '../span-model.ts';
import type { Around } from '../sessions/resolve.ts';
import { clockSetting, type Micros, now } from '../tracing/clock.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { Session } from './session.ts';

/** The last runs of a session are linked from its span; a provider keeps 128 links. */
const MAX_LINKS = 100;

/** What the runs of a long session know of each other. */
export class RunChain {
  /** To where the session stopped before: for the first run. */
  #resume: Link | undefined;
  readonly #places: SpanContext[] = [];
  #count = 0;

  constructor(resume: Link | undefined) {
    this.#resume = resume;
  }

  get last(): SpanContext | undefined {
    return this.#places.at(-1);
  }

  /** The link of the next run to the one before, or to where the session stopped. */
  next(): Link | undefined {
    const { last } = this;
    if (last) return linkTo(last, { [ATTR_LINK_TYPE]: 'previous' });
    const resume = this.#resume;
    this.#resume = undefined;
    return resume;
  }

  started(place: SpanContext): void {
    this.#count++;
    if (this.#places.length >= MAX_LINKS) this.#places.shift();
    this.#places.push(place);
  }

  /** To the last runs, as many as fit, and how many are left out. */
  links(limit: number): { readonly links: Link[]; readonly left: number } {
    const places = this.#places.slice(Math.max(0, this.#places.length - limit));
    const links = places.map((place) => linkTo(place, { [ATTR_LINK_TYPE]: 'run' }));
    return { links, left: this.#count - links.length };
  }
}

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/**
 * A session without a span of its own while it is open: each run stands in its own trace. A short span at its end says what
 * came of it, and links to the runs.
 */
export class LongSession extends Session {
  readonly #name: string;
  readonly #attributes: Attributes;
  #parent: Context;
  readonly #events: [string, Attributes, Micros][] = [];
  readonly #chain: RunChain;
  #began = false;

  constructor(
    recorder: Recorder,
    around: Around,
    startedAt: Micros,
    parent: Context,
    init: { readonly name: string; readonly attributes: Attributes; readonly chain: RunChain },
  ) {
    super(recorder, around, NO_SPAN, startedAt, parent, trace.getSpan(parent) ?? null);
    this.#name = init.name;
    this.#attributes = init.attributes;
    this.#chain = init.chain;
    this.#parent = parent;
    this.record.chain = init.chain;
  }

  override event(name: string, attributes: Attributes, at: Micros = this.now(), share = 1): void {
    if (this.#began) super.event(name, attributes, at, share);
    else if (this.#events.length >= Math.floor(this.recorder.limits.events * share)) this.eventDropped();
    else this.#events.push([name, attributes, at]);
  }

  override fail(error: unknown): void {
    this.#begin();
    super.fail(error);
  }

  protected override close(outcome: RunStatus | undefined, at?: Micros): void {
    this.#begin();
    super.close(outcome, at);
  }

  protected override get place(): SpanContext | undefined {
    return this.#chain.last;
  }

  #begin(): void {
    if (this.#began || this.ended) return;
    this.#began = true;
    const { links, left } = this.#chain.links(this.recorder.limits.links);
    if (left > 0) this.set(ATTR_LINKS_DROPPED, left);
    this.startedAt = now();
    const span = this.recorder.start(this.#name, KIND_INTERNAL, this.startedAt, this.#attributes, this.#parent, links);
    if (!span) return;
    this.span = span;
    this.clockSetting = clockSetting();
    // Nothing of what was around is kept beyond its end.
    this.#parent = ROOT_CONTEXT;
    for (const [name, attributes, at] of this.#events) super.event(name, attributes, at);
  }
}
