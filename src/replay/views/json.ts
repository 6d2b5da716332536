import type { SessionTimeline } from '../session-timeline.ts';
import { UNPRINTABLE } from './printable.ts';

/** Sessions as one JSON list, the whole content in it. It may be shown on a terminal as it is. */
export function renderJson(timelines: readonly SessionTimeline[]): string {
  const text = JSON.stringify(timelines, (_key, value) => (typeof value === 'bigint' ? String(value) : value), 2);
  // JSON leaves much unescaped that a terminal obeys: the second set of control characters, marks of direction.
  return `${text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escapeUnits(character)))}\n`;
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
