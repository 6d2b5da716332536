import type { SessionTimeline } from '../session-timeline.ts';
import { AgentColors } from './agent-colors.ts';
import { counted, offsetFormat } from './amounts.ts';
import { type Layout, layoutFor } from './layout.ts';
import { dim, joinFacts, plain } from './row-parts.ts';
import { renderFoot, renderHead, renderTitle } from './session-text.ts';
import { type Fragment, paint, RED, type StyledText, wrap } from './styled-text.ts';
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
    .map((lines) => print(lines, options))
    .join('\n');
}

/** Several sessions one after the other, and a line that sums them up. */
export function renderSessions(timelines: readonly SessionTimeline[], options: TextOptions = {}): string {
  const { width } = layoutFor(options.width);
  const rule = `\n${print([[dim('─'.repeat(width))]], options)}\n`;
  const texts = timelines.map((timeline) => renderText(timeline, options));
  if (timelines.length < 2) return texts.join('');

  const byStatus = new Map<string, number>();
  for (const { status = 'end not recorded' } of timelines) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const facts = [
    counted(timelines.length, 'session'),
    ...Array.from(byStatus, ([status, count]) => `${count} ${status}`),
  ];
  const summary = wrap(joinFacts(facts.map(plain)), { width, maxLines: 4 });
  return [...texts, print(summary, options)].join(rule);
}

/** Which sessions there are, two lines each: id, how it ended, when, its agents, handoffs and errors. */
export function renderSessionList(timelines: readonly SessionTimeline[], options: TextOptions = {}): string {
  const layout = layoutFor(options.width);
  return print(
    timelines.flatMap((timeline) => renderTitle(timeline, layout, errorsOf(timeline))),
    options,
  );
}

function errorsOf({ failures }: SessionTimeline): Fragment[] {
  return failures.length > 0 ? [{ text: counted(failures.length, 'error'), style: RED }] : [];
}

function print(lines: readonly StyledText[], { color = false }: TextOptions): string {
  return lines.map((line) => `${paint(line, color)}\n`).join('');
}
