import { messageOf } from '../diagnostics.ts';
import { read } from './control-flow.ts';

/** Of an error alone its whole stack is told; of one with causes so many frames, and fewer of what is behind it. */
const FRAMES = [8, 4];
/** What a chain of causes may have, with the errors of an AggregateError. */
const MAX_CAUSES = 16;

/**
 * The stack of an error with the reasons behind it, as Java writes them: `Caused by:` for each `cause`, `Suppressed:` would be
 * something else, so the errors of an AggregateError stand as `Error 1 of 3:`. `undefined` where there is no stack and no reason.
 */
export function stackWithCauses(error: unknown): string | undefined {
  const stack = read(error, 'stack');
  const told: string[] = [];
  reasonsOf(error, 1, told, new Set([error]));
  if (told.length === 0) return typeof stack === 'string' ? stack : undefined;
  return [describe(error, 0), ...told].join('\n');
}

function reasonsOf(error: unknown, depth: number, told: string[], seen: Set<unknown>): void {
  const errors = read(error, 'errors');
  const all = Array.isArray(errors) ? errors : [];
  const reasons: [string, unknown][] = all.map((each, index) => [`Error ${index + 1} of ${all.length}: `, each]);
  const cause = read(error, 'cause');
  if (cause !== undefined && cause !== null) reasons.unshift(['Caused by: ', cause]);
  for (const [word, reason] of reasons) {
    if (seen.has(reason)) continue;
    if (told.length >= MAX_CAUSES) return;
    seen.add(reason);
    told.push(word + describe(reason, depth));
    reasonsOf(reason, depth + 1, told, seen);
  }
}

/** Its first line, with its code, and some frames. */
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
