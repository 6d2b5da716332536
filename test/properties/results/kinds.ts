import { ITERABLES } from './iterables.ts';
import type { Kind } from './kind.ts';
import { PROMISES } from './promises.ts';
import { PROXIES } from './proxies.ts';
import { STREAMS } from './streams.ts';
import { VALUES } from './values.ts';

/** Every kind of result that a callback may give, by name; made anew for each play, with a journal of what is asked of it. */
export const KINDS: Readonly<Record<string, Kind>> = { ...VALUES, ...PROXIES, ...PROMISES, ...ITERABLES, ...STREAMS };
