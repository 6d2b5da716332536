import type { RunStatus } from '../model.ts';

/** Reads a field of a thrown value. Returns `undefined` where that throws. */
export function read(thrown: unknown, name: string): unknown {
  try {
    return typeof thrown === 'object' && thrown !== null ? (thrown as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}

/** `AbortError`, `CanceledError` of axios, `APIUserAbortError` of model clients. Not `TransactionAbortedError`. */
const ABORT = /(?:Abort|Cancel|Cancell?ed|Cancellation)Error$/;

/** Whether it is an abort, which is a decision and not an error. Some clients show it by the class alone. */
export function isAbort(thrown: unknown): boolean {
  const made = read(thrown, 'constructor');
  const words = [read(thrown, 'name'), typeof made === 'function' ? made.name : undefined];
  return read(thrown, 'code') === 'ABORT_ERR' || words.some((word) => typeof word === 'string' && ABORT.test(word));
}

/** LangGraph: the graph waits for a person and continues later. */
const INTERRUPTS: ReadonlySet<unknown> = new Set(['GraphInterrupt', 'NodeInterrupt']);
/** LangGraph: a command that routes the graph. */
const COMMANDS: ReadonlySet<unknown> = new Set(['ParentCommand', 'GraphBubbleUp']);
/**
 * Next.js: `redirect()`, `notFound()`, `forbidden()`, `unauthorized()`, and what it throws to render later or in the
 * browser.
 */
const DIGESTS = ['NEXT_', 'DYNAMIC_SERVER_USAGE', 'BAILOUT_TO_CLIENT_SIDE_RENDERING'];

/**
 * The outcome of a scope out of which a framework throws something by design, to be caught further up: `suspended` for
 * an interrupt, otherwise `completed`. Returns `undefined` for a failure.
 */
export function controlFlow(thrown: unknown): RunStatus | undefined {
  const name = read(thrown, 'name');
  if (INTERRUPTS.has(name)) return 'suspended';
  if (COMMANDS.has(name) || read(thrown, 'is_bubble_up') === true) return 'completed';
  const digest = read(thrown, 'digest');
  if (typeof digest === 'string' && DIGESTS.some((start) => digest.startsWith(start))) return 'completed';
  return isRedirect(thrown) ? 'completed' : undefined;
}

/** A redirect of SvelteKit, or a `Response` as React Router throws it. */
function isRedirect(thrown: unknown): boolean {
  const status = read(thrown, 'status');
  if (typeof status !== 'number' || status < 300 || status > 399) return false;
  if (typeof read(thrown, 'location') === 'string') return true;
  const headers = read(thrown, 'headers') as { get?: (name: string) => unknown } | undefined;
  try {
    return typeof headers?.get === 'function' && typeof headers.get('location') === 'string';
  } catch {
    return false;
  }
}
