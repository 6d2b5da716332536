import type { SessionTimeline } from '../session-timeline.ts';
import { counted } from './amounts.ts';
import { columnsOf } from './layout.ts';
import { dim, joinFacts, plain } from './row-parts.ts';
import { paint, wrap } from './styled-text.ts';
import { renderText, type TextOptions } from './text.ts';

/** Several sessions one after the other, and a line that sums them up. */
export function renderSessions(timelines: readonly SessionTimeline[], options: TextOptions = {}): string {
  const color = options.color ?? false;
  const width = columnsOf(options.width);
  const rule = `\n${paint([dim('─'.repeat(width))], color)}\n\n`;
  const texts = timelines.map((timeline) => renderText(timeline, options));
  if (timelines.length < 2) return texts.join('');

  const byStatus = new Map<string, number>();
  for (const { status = 'end not recorded' } of timelines) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const facts = [
    counted(timelines.length, 'session'),
    ...Array.from(byStatus, ([status, count]) => `${count} ${status}`),
  ];
  const summary = wrap(joinFacts(facts.map(plain)), { width, maxLines: 4 });
  return [...texts, summary.map((line) => `${paint(line, color)}\n`).join('')].join(rule);
}
