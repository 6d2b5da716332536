import { isContentEvent } from '../framework-content.ts';
import type { SessionTimeline, TimelineEntry, TimelineEvent } from '../session-timeline.ts';
import { spanKey } from '../span.ts';
import type { AgentColors } from './agent-colors.ts';
import { formatDuration } from './amounts.ts';
import type { Layout } from './layout.ts';
import { detailLines, dim, joinFacts, plain, type RowText } from './row-parts.ts';
import { describeEvent, describeRow } from './row-text.ts';
import { DIM, displayWidth, type Fragment, type StyledText, widthOf, wrap } from './styled-text.ts';
import { guides, type TreeRow, treeRows } from './tree-rows.ts';

/** Content can be long; whoever wants all of it asks for JSON. */
const MAX_LABEL_LINES = 4;
/** Tree and label need this much beside a column of times. */
const MIN_LABEL = 12;

interface Row {
  readonly tree: TreeRow;
  readonly offset: string;
  readonly duration: string;
  readonly says: RowText;
}

/** The rows between head and foot: when, where in the tree, what, how long. */
export function renderRows(
  timeline: SessionTimeline,
  layout: Layout,
  colors: AgentColors,
  formatOffset: (offsetMs: number) => string,
  showContent: boolean,
): StyledText[] {
  const failedHere = new Set(timeline.failures.map(spanKey));
  const isShown = ({ name }: TimelineEvent) => showContent || !isContentEvent(name);
  const rows = Array.from(treeRows(timeline, isShown), (tree): Row => {
    const { entry, event, around, offsetMs } = tree;
    const says = entry
      ? describeRow(entry, {
          colors,
          showAgent: entry.type !== 'run' && entry.agent?.key !== around?.key,
          failedHere: failedHere.has(spanKey(entry)),
          showContent,
        })
      : describeEvent(event ?? { name: '', attributes: {}, startUnixMs: 0, offsetMs });
    return { tree, says, offset: formatOffset(offsetMs), duration: durationOf(entry) };
  });
  const columns = measure(rows, layout, timeline.durationMs);
  return rows.flatMap((row) => renderRow(row, columns, layout, timeline.durationMs, colors));
}

/** A handoff's own words say how long it waited. */
function durationOf(entry: TimelineEntry | undefined): string {
  return entry === undefined || entry.type === 'handoff' ? '' : formatDuration(entry.durationMs);
}

interface Columns {
  /** 0 where there is no room for it: then each row begins with its time. */
  readonly offset: number;
  /** Tree and label together. */
  readonly label: number;
  /** With the space before it; 0 for none. */
  readonly duration: number;
  readonly bar: number;
  /** How many levels of the tree are drawn. */
  readonly levels: number;
}

/** The label column is as wide as its longest line, so that durations stand near what they belong to. */
function measure(rows: readonly Row[], { width, isNarrow }: Layout, sessionMs: number): Columns {
  const widest = (widthOfRow: (row: Row) => number) => rows.reduce((max, row) => Math.max(max, widthOfRow(row)), 0);
  const time = widest((row) => row.offset.length) + (isNarrow ? 1 : 4);
  const offset = width - time < MIN_LABEL ? 0 : time;
  const levels = Math.max(1, Math.floor(((width - offset) * 0.4) / (isNarrow ? 2 : 3)));
  if (isNarrow) return { offset, levels, label: width - offset, duration: 0, bar: 0 };

  const duration = widest((row) => row.duration.length) + 2;
  const needed = widest((row) => {
    const label = displayWidth(guides(row.tree, levels, isNarrow).first) + widthOf(labelOf(row, isNarrow));
    return row.duration === '' ? label - duration : label;
  });
  const bar = barColumns(width - offset - needed - duration - 2, width, sessionMs);
  const room = width - offset - duration - (bar > 0 ? bar + 2 : 0);
  return { offset, levels, label: Math.max(1, Math.min(room, needed)), duration, bar };
}

function renderRow(
  row: Row,
  columns: Columns,
  { width, isNarrow }: Layout,
  sessionMs: number,
  colors: AgentColors,
): StyledText[] {
  const { first, rest } = guides(row.tree, columns.levels, isNarrow);
  const hasDuration = !isNarrow && row.duration !== '';
  // Without a duration, its column is free.
  const labelWidth = columns.label + (hasDuration ? 0 : columns.duration);
  const time = columns.offset > 0 ? [] : [dim(`${row.offset} `)];
  const [label = [], ...more] = wrap([...time, ...labelOf(row, isNarrow)], {
    firstWidth: labelWidth - displayWidth(first),
    width: labelWidth - displayWidth(rest),
    maxLines: MAX_LABEL_LINES,
  });
  const head: Fragment[] = [dim(offsetColumn(row, columns, isNarrow)), dim(first), ...label];
  const { entry } = row.tree;
  const pad = labelWidth - displayWidth(first) - widthOf(label);
  if (hasDuration) head.push(plain(' '.repeat(pad) + row.duration.padStart(columns.duration)));
  if (columns.bar > 0 && entry) {
    head.push(plain(' '.repeat(hasDuration ? 2 : pad + 2)), timeBar(entry, sessionMs, columns.bar, colors));
  }
  const below = [...more, ...detailLines(row.says.details, width - columns.offset - displayWidth(rest), isNarrow)];
  return [head, ...below.map((line) => [plain(' '.repeat(columns.offset)), dim(rest), ...line])];
}

function offsetColumn({ offset }: Row, columns: Columns, isNarrow: boolean): string {
  return columns.offset === 0 ? '' : offset.padStart(columns.offset - (isNarrow ? 1 : 2)).padEnd(columns.offset);
}

function labelOf({ says: { label, tags }, duration }: Row, isNarrow: boolean): StyledText {
  const facts = isNarrow && duration !== '' ? [plain(duration), ...tags] : tags;
  return facts.length > 0 ? [...label, plain('  '), ...joinFacts(facts)] : label;
}

const MIN_BAR = 12;
/** Terminals this wide have bars even if a long label must break for them. */
const BARS_FROM = 100;

/** Columns for the bars, of those that the rest leaves free; 0 for none. */
function barColumns(free: number, width: number, sessionMs: number): number {
  if (!(sessionMs > 0) || (free < MIN_BAR && width < BARS_FROM)) return 0;
  return Math.max(MIN_BAR, Math.min(free, Math.floor(width / 3)));
}

/** When it was, as a line on the scale of the session; a thin one for the wait of a handoff. */
function timeBar(entry: TimelineEntry, sessionMs: number, width: number, colors: AgentColors): Fragment {
  const scale = (ms: number) => (ms / sessionMs) * width;
  const start = Math.min(Math.max(0, Math.floor(scale(entry.offsetMs))), width - 1);
  const end = Math.min(Math.max(start + 1, Math.round(scale(entry.offsetMs + entry.durationMs))), width);
  const line = entry.type === 'handoff' ? '─' : '━';
  return { text: ' '.repeat(start) + line.repeat(end - start), style: colors.style(entry.agent) || DIM };
}
