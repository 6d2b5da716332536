import type { TimelineEntry } from '../session-timeline.ts';
import type { AgentColors } from './agent-colors.ts';
import type { Fragment } from './styled-text.ts';

/** When it was, as a line on the scale of the session; a thin one for the wait of a handoff. */
export function timeBar(entry: TimelineEntry, sessionMs: number, width: number, colors: AgentColors): Fragment {
  const scale = (ms: number) => (ms / sessionMs) * width;
  const start = Math.min(Math.max(0, Math.floor(scale(entry.offsetMs))), width - 1);
  const end = Math.min(Math.max(start + 1, Math.round(scale(entry.offsetMs + entry.durationMs))), width);
  const line = entry.type === 'handoff' ? '─' : '━';
  return { text: ' '.repeat(start) + line.repeat(end - start), style: colors.style(entry.agent) };
}
