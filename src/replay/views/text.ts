import type { SessionTimeline } from '../session-timeline.ts';
import { AgentColors } from './agent-colors.ts';
import { offsetFormat } from './amounts.ts';
import { type Layout, layoutFor } from './layout.ts';
import { renderFoot, renderHead } from './session-text.ts';
import { paint, type StyledText } from './styled-text.ts';
import { renderRows } from './timeline-text.ts';

export interface TextOptions {
  /** Colours by escape sequences. Default: none. */
  readonly color?: boolean | undefined;
  /** Columns of the terminal; no line is longer. From 20 to 160. Default: 80. */
  readonly width?: number | undefined;
  /** Shows the prompts and answers that frameworks recorded on their own spans. Default: folded. */
  readonly content?: boolean | undefined;
}

/**
 * A session as text for a terminal or a file: who did what, when the work changed hands, what came of it.
 * Whatever stands in the spans, the text moves no cursor and opens no escape sequence of its own.
 */
export function renderText(timeline: SessionTimeline, options: TextOptions = {}): string {
  const { content = false } = options;
  const layout: Layout = layoutFor(options.width);
  const colors = new AgentColors(timeline.statistics.agents);
  const offset = offsetFormat(timeline.durationMs);
  const parts: StyledText[][] = [
    renderHead(timeline, layout),
    renderRows(timeline, layout, colors, offset, content),
    renderFoot(timeline, layout, colors, offset, content),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${paint(line, options.color ?? false)}\n`).join(''))
    .join('\n');
}
