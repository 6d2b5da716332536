import type { Link, SpanContext } from '@opentelemetry/api';
import { ATTR_LINK_TYPE } from '../attributes.ts';
import { linkTo } from '../tracing/recorder.ts';

/** The span of a session links to its last runs. A provider keeps 128 links. */
const MAX_LINKS = 100;

/** The order of the runs of a long session, for the links between them. */
export class RunChain {
  /** Link to where the session stopped before, for the first run. */
  #resume: Link | undefined;
  readonly #spanContexts: SpanContext[] = [];
  #count = 0;

  constructor(resume: Link | undefined) {
    this.#resume = resume;
  }

  get last(): SpanContext | undefined {
    return this.#spanContexts.at(-1);
  }

  /** The link of the next run: to the previous run, or to where the session stopped. */
  next(): Link | undefined {
    const { last } = this;
    if (last) return linkTo(last, { [ATTR_LINK_TYPE]: 'previous' });
    const resume = this.#resume;
    this.#resume = undefined;
    return resume;
  }

  started(spanContext: SpanContext): void {
    this.#count++;
    if (this.#spanContexts.length >= MAX_LINKS) this.#spanContexts.shift();
    this.#spanContexts.push(spanContext);
  }

  /** Links to the last runs, up to `limit`; `left` is the number left out. */
  links(limit: number): { readonly links: Link[]; readonly left: number } {
    const spanContexts = this.#spanContexts.slice(Math.max(0, this.#spanContexts.length - limit));
    const links = spanContexts.map((spanContext) => linkTo(spanContext, { [ATTR_LINK_TYPE]: 'run' }));
    return { links, left: this.#count - links.length };
  }
}
