import type { TimelineEntry } from '../session-timeline.ts';
import type { AgentColors } from './agent-colors.ts';
import { DIM, type Fragment } from './styled-text.ts';

const MIN_WIDTH = 12;
/** Terminals this wide have bars even if a long label must break for them. */
const BARS_FROM = 100;

/** Columns for the bars, of those that the rest leaves free; 0 for none. */
export function barColumns(free: number, width: number, sessionMs: number): number {
  if (!(sessionMs > 0) || (free < MIN_WIDTH && width < BARS_FROM)) return 0;
  return Math.max(MIN_WIDTH, Math.min(free, Math.floor(width / 3)));
}

/** When it was, as a line on the scale of the session; a thin one for the wait of a handoff. */
export function timeBar(entry: TimelineEntry, sessionMs: number, width: number, colors: AgentColors): Fragment {
  const scale = (ms: number) => (ms / sessionMs) * width;
  const start = Math.min(Math.max(0, Math.floor(scale(entry.offsetMs))), width - 1);
  const end = Math.min(Math.max(start + 1, Math.round(scale(entry.offsetMs + entry.durationMs))), width);
  const line = entry.type === 'handoff' ? '─' : '━';
  return { text: ' '.repeat(start) + line.repeat(end - start), style: colors.style(entry.agent) || DIM };
}
