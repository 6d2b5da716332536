import type { SessionTimeline } from '../session-timeline.ts';

/** How the columns share a line. */
export interface Layout {
  readonly width: number;
  /** Little room: short guides, and durations behind the label instead of in a column of their own. */
  readonly isNarrow: boolean;
  /** Columns of the time bars at the right; 0 where there is no room for them. */
  readonly barWidth: number;
}

const DEFAULT_WIDTH = 80;
export const MIN_WIDTH = 20;
/** Beyond it, the eye loses the line on its way to the right. */
export const MAX_WIDTH = 160;
const NARROW_BELOW = 60;
const BARS_FROM = 100;

export function layoutFor({ durationMs }: SessionTimeline, columns: number | undefined): Layout {
  const width = columnsOf(columns);
  return {
    width,
    isNarrow: width < NARROW_BELOW,
    barWidth: width < BARS_FROM || !(durationMs > 0) ? 0 : Math.floor(width / 5),
  };
}

/** The columns to use, for what was asked. */
export function columnsOf(columns: number = DEFAULT_WIDTH): number {
  return Math.min(Math.max(Math.trunc(columns) || DEFAULT_WIDTH, MIN_WIDTH), MAX_WIDTH);
}
