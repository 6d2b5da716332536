import { UNPRINTABLE } from '../../printable.ts';
import type { SessionTimeline } from '../session-timeline.ts';

/** Sessions as one JSON list, the whole content in it. It may be shown on a terminal as it is. */
export function renderJson(timelines: readonly SessionTimeline[]): string {
  // JSON leaves much unescaped that a terminal obeys: the second set of control characters, marks of direction.
  return `${toJson(timelines).replace(UNPRINTABLE, (character) => (character === '\n' ? character : escapeUnits(character)))}\n`;
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** What is deeper stands on one line: else a chain of spans would be a triangle of spaces. */
const MAX_INDENT = 32;

/** A list or an object that is being written: what is left of it, and how it ends. */
interface Open {
  readonly value: object;
  readonly rest: Iterator<readonly [prefix: string, value: unknown]>;
  readonly end: string;
  isEmpty: boolean;
}

/** As `JSON.stringify(value, null, 2)`, but of any depth. What stands inside itself becomes `null`. */
function toJson(root: unknown): string {
  const pieces: string[] = [];
  const path: Open[] = [];
  const around = new Set<object>();
  const write = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || around.has(value)) {
      pieces.push(primitive(value));
      return;
    }
    const isList = Array.isArray(value);
    pieces.push(isList ? '[' : '{');
    path.push({ value, rest: isList ? items(value) : fields(value), end: isList ? ']' : '}', isEmpty: true });
    around.add(value);
  };
  write(root);
  for (let open = path.at(-1); open !== undefined; open = path.at(-1)) {
    const { done, value: next } = open.rest.next();
    if (done) {
      path.pop();
      around.delete(open.value);
      pieces.push(open.isEmpty ? open.end : `${newLine(path.length)}${open.end}`);
      continue;
    }
    pieces.push(open.isEmpty ? '' : ',', newLine(path.length), next[0]);
    open.isEmpty = false;
    write(next[1]);
  }
  return pieces.join('');
}

function newLine(depth: number): string {
  return depth > MAX_INDENT ? '' : `\n${'  '.repeat(depth)}`;
}

function* items(list: readonly unknown[]): Generator<readonly [string, unknown]> {
  for (const item of list) yield ['', item];
}

function* fields(object: object): Generator<readonly [string, unknown]> {
  for (const [key, value] of Object.entries(object)) {
    if (!['undefined', 'function', 'symbol'].includes(typeof value)) yield [`${JSON.stringify(key)}: `, value];
  }
}

function primitive(value: unknown): string {
  return (
    (typeof value === 'object' ? undefined : JSON.stringify(typeof value === 'bigint' ? String(value) : value)) ??
    'null'
  );
}
