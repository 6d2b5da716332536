import type { Link, SpanContext } from '@opentelemetry/api';
import { ATTR_LINK_TYPE } from '../attributes.ts';
import { linkTo } from '../tracing/recorder.ts';

/** The span of a session links to its last runs. A provider keeps 128 links. */
const MAX_LINKS = 100;

/** The order of the runs of a long session, for the links between them. */
export class RunChain {
  /** Link to where the session stopped before, for the first run. */
  #resume: Link | undefined;
  readonly #places: SpanContext[] = [];
  #count = 0;

  constructor(resume: Link | undefined) {
    this.#resume = resume;
  }

  get last(): SpanContext | undefined {
    return this.#places.at(-1);
  }

  /** The link of the next run: to the previous run, or to where the session stopped. */
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

  /** Links to the last runs, up to `limit`; `left` is the number left out. */
  links(limit: number): { readonly links: Link[]; readonly left: number } {
    const places = this.#places.slice(Math.max(0, this.#places.length - limit));
    const links = places.map((place) => linkTo(place, { [ATTR_LINK_TYPE]: 'run' }));
    return { links, left: this.#count - links.length };
  }
}
