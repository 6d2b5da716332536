/** How the columns share a line. */
export interface Layout {
  readonly width: number;
  /** Little room: short guides, and durations behind the label instead of in a column of their own. */
  readonly isNarrow: boolean;
}

const DEFAULT_WIDTH = 80;
export const MIN_WIDTH = 20;
/** Beyond it, the eye loses the line on its way to the right. */
export const MAX_WIDTH = 160;
const NARROW_BELOW = 60;

export function layoutFor(columns: number = DEFAULT_WIDTH): Layout {
  const width = Math.min(Math.max(Math.trunc(columns) || DEFAULT_WIDTH, MIN_WIDTH), MAX_WIDTH);
  return { width, isNarrow: width < NARROW_BELOW };
}
