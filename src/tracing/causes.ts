import { messageOf } from '../diagnostics.ts';
import { read } from './control-flow.ts';

/** Number of stack frames per level of causes. An error without causes keeps its whole stack. */
const FRAMES = [8, 4];
/** Maximum number of causes, including the errors of an AggregateError. */
const MAX_CAUSES = 16;

/**
 * The stack of an error with its causes, in Java's format: `Caused by:` for each `cause`. Java's `Suppressed:` means
 * something else, so the errors of an AggregateError appear as `Error 1 of 3:`. Returns `undefined` without a stack and
 * a cause.
 */
export function stackWithCauses(error: unknown): string | undefined {
  const stack = read(error, 'stack');
  const causes: string[] = [];
  reasonsOf(error, 1, causes, new Set([error]));
  if (causes.length === 0) return typeof stack === 'string' ? stack : undefined;
  return [describe(error, 0), ...causes].join('\n');
}

function reasonsOf(error: unknown, depth: number, causes: string[], seen: Set<unknown>): void {
  const errors = read(error, 'errors');
  const all = Array.isArray(errors) ? errors : [];
  const reasons: [string, unknown][] = all.map((each, index) => [`Error ${index + 1} of ${all.length}: `, each]);
  const cause = read(error, 'cause');
  if (cause !== undefined && cause !== null) reasons.unshift(['Caused by: ', cause]);
  for (const [word, reason] of reasons) {
    if (seen.has(reason)) continue;
    if (causes.length >= MAX_CAUSES) return;
    seen.add(reason);
    causes.push(word + describe(reason, depth));
    reasonsOf(reason, depth + 1, causes, seen);
  }
}

/** The first line of an error, its code, and some frames. */
function describe(error: unknown, depth: number): string {
  const stack = read(error, 'stack');
  const name = read(error, 'name');
  const message = messageOf(error);
  const head = typeof name === 'string' && name !== '' ? `${name}: ${message}` : message;
  const code = read(error, 'code');
  const isNew = (typeof code === 'string' || typeof code === 'number') && !head.includes(String(code));
  const frames = typeof stack === 'string' ? framesOf(stack).slice(0, FRAMES[depth] ?? 0) : [];
  return [isNew ? `${head} [${code}]` : head, ...frames].join('\n');
}

function framesOf(stack: string): string[] {
  return stack.split('\n').filter((line) => line.startsWith('    at '));
}
