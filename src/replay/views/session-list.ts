import type { SessionTimeline } from '../session-timeline.ts';
import { counted } from './amounts.ts';
import { layoutFor } from './layout.ts';
import { renderTitle } from './session-text.ts';
import { type Fragment, paint, RED } from './styled-text.ts';
import type { TextOptions } from './text.ts';

/** Which sessions there are, two lines each: id, how it ended, when, its agents, handoffs and errors. */
export function renderSessionList(timelines: readonly SessionTimeline[], options: TextOptions = {}): string {
  const layout = layoutFor(options.width);
  return timelines
    .flatMap((timeline) => renderTitle(timeline, layout, errorsOf(timeline)))
    .map((line) => `${paint(line, options.color ?? false)}\n`)
    .join('');
}

function errorsOf({ failures }: SessionTimeline): Fragment[] {
  return failures.length > 0 ? [{ text: counted(failures.length, 'error'), style: RED }] : [];
}
