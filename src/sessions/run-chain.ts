import type { Link, SpanContext } from '@opentelemetry/api';
import { ATTR_LINK_TYPE } from '../attributes.ts';
import { linkTo } from '../tracing/recorder.ts';

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
