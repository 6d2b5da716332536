import type { ClockSkew, SessionTimeline, TimelineAgent, TimelineEntry, TimelineFailure } from '../session-timeline.ts';
import { spanKey } from '../span.ts';
import { walkEntries } from '../walk-entries.ts';
import type { AgentColors } from './agent-colors.ts';
import { counted, formatDuration, formatTime, formatUsageInFull } from './amounts.ts';
import { statusStyle, statusWord } from './handoff-text.ts';
import type { Layout } from './layout.ts';
import {
  type Detail,
  detailLines,
  dim,
  droppedDetail,
  errorText,
  incomplete,
  joinFacts,
  metadataDetail,
  plain,
  textDetail,
} from './row-parts.ts';
import { describeEntry, hasFoldedContent } from './row-text.ts';
import { BOLD, type Fragment, GREEN, RED, type Style, type StyledText, wrap, YELLOW } from './styled-text.ts';

/** Enough for everything on the narrowest terminal, and an end for an id without one. */
const MAX_LINES = 8;
/** More of them are no news. */
const MAX_FAILURES = 10;

/** Which session, how it ended, what went in and what came out. */
export function renderHead(timeline: SessionTimeline, layout: Layout): StyledText[] {
  const { environment, previousId, inputSummary, outputSummary, metadata, metadataDropped } = timeline;
  const details: Detail[] = [
    ...textDetail('environment', environment),
    ...textDetail('continues', previousId),
    ...textDetail('input', inputSummary),
    ...textDetail('output', outputSummary),
    ...metadataDetail(metadata, metadataDropped),
    ...missingDetails(timeline),
    ...droppedDetail(timeline.dropped),
    ...(timeline.clockSkews ?? []).map(skewDetail),
  ];
  return [...renderTitle(timeline, layout), ...indent(detailLines(details, layout.width - 2, layout.isNarrow))];
}

/**
 * Which session, how it ended, when, and how much of everything.
 *
 * @param more - further counts
 */
export function renderTitle(
  timeline: SessionTimeline,
  { width }: Layout,
  more: readonly Fragment[] = [],
): StyledText[] {
  const { id, kind, name, durationMs, startUnixMs, statistics } = timeline;
  const { mark, word, style } = verdict(timeline);
  const title = name === undefined || kind === undefined || name === kind ? (name ?? kind) : `${name} (${kind})`;
  const facts = [
    { ...plain(id), style: BOLD },
    ...(title === undefined ? [] : [plain(title)]),
    { ...plain(`${word} ${formatDuration(durationMs)}`), style },
  ];
  const when = [
    formatTime(startUnixMs),
    counted(statistics.agents.length, 'agent'),
    counted(statistics.count, 'handoff'),
    counted(timeline.spanCount, 'span'),
  ];
  return [
    ...indent(wrap(joinFacts(facts), { width: width - 2, maxLines: MAX_LINES }), { text: `${mark} `, style }),
    ...indent(wrap(joinFacts([...when.map(dim), ...more]), { width: width - 2, maxLines: MAX_LINES })),
  ];
}

/** What it comes to: where the work went, what it cost, what failed. */
export function renderFoot(
  timeline: SessionTimeline,
  { width, isNarrow }: Layout,
  colors: AgentColors,
  formatOffset: (offsetMs: number) => string,
  showContent: boolean,
): StyledText[] {
  const { statistics, usage, traceIds, failures } = timeline;
  const details: Detail[] = [];
  if (statistics.count > 0) {
    const counts = Object.entries(statistics.byStatus).map(([status, count]) => ({
      ...dim(`${count} ${statusWord(status)}`),
      style: statusStyle(status),
    }));
    const loop = statistics.loop ? [{ text: 'goes round in a loop', style: YELLOW }] : [];
    details.push({ key: 'handoffs', value: joinFacts([...counts, ...loop]) });
    details.push({ key: 'path', value: renderPath(statistics.chains, colors) });
  }
  const amounts = usage ? formatUsageInFull(usage) : [];
  if (amounts.length > 0) details.push({ key: 'usage', value: joinFacts(amounts.map(plain)) });
  const entries = Array.from(walkEntries(timeline), ({ entry }) => entry);
  const folded = showContent ? 0 : entries.filter(hasFoldedContent).length;
  if (folded > 0) {
    details.push({ key: 'content', value: [dim(`of ${counted(folded, 'span')} folded; --content shows it`)] });
  }
  const failed = new Map(entries.map((entry) => [spanKey(entry), entry]));
  for (const failure of failures.slice(0, MAX_FAILURES)) {
    details.push(renderFailure(failure, failed.get(spanKey(failure)), colors, formatOffset));
  }
  if (failures.length > MAX_FAILURES) {
    details.push({ key: 'error', value: [dim(`and ${counted(failures.length - MAX_FAILURES, 'error')} more`)] });
  }
  details.push({ key: traceIds.length > 1 ? 'traces' : 'trace', value: [dim(traceIds.join(' '))] });
  return indent(detailLines(details, width - 2, isNarrow));
}

function missingDetails({ missingParents, missingHandoffs = 0 }: SessionTimeline): Detail[] {
  const missing = [
    ...(missingParents > 0 ? [counted(missingParents, 'parent span')] : []),
    ...(missingHandoffs > 0 ? [counted(missingHandoffs, 'handoff')] : []),
  ];
  return missing.length > 0 ? [incomplete(`${missing.join(' and ')} not in this recording`)] : [];
}

function skewDetail({ clock, than, behindMs }: ClockSkew): Detail {
  const about = behindMs < 10_000 ? behindMs : Math.round(behindMs / 1000) * 1000;
  const text = `of ${clock} is about ${formatDuration(about).replace(/\.0+s$/, 's')} behind that of ${than}; its times are moved on`;
  return { key: 'clock', value: [{ ...plain(text), style: YELLOW }] };
}

function verdict({ status, error, sessionSpanCount }: SessionTimeline): { mark: string; word: string; style: Style } {
  if (error || status === 'failed') return { mark: '✗', word: 'failed after', style: RED };
  if (status === 'completed') return { mark: '✓', word: 'completed in', style: GREEN };
  if (status !== undefined) return { mark: '○', word: `${status} after`, style: YELLOW };
  return { mark: '○', word: sessionSpanCount > 0 ? 'end not recorded,' : 'no session span,', style: YELLOW };
}

function renderFailure(
  { offsetMs, name, agent, ...error }: TimelineFailure,
  entry: TimelineEntry | undefined,
  colors: AgentColors,
  formatOffset: (offsetMs: number) => string,
): Detail {
  const who = agent ? [colors.name(agent)] : [];
  const by = agent ? [dim(' by '), colors.name(agent)] : [];
  const what = entry === undefined ? [plain('session')] : [...describeEntry(entry, colors).label, ...by];
  return {
    key: 'error',
    value: [
      dim(`${formatOffset(offsetMs)} `),
      ...(entry?.type === 'run' && agent ? who : what),
      dim(': '),
      { text: errorText(error), style: RED },
    ],
  };
}

function renderPath(chains: readonly (readonly TimelineAgent[])[], colors: AgentColors): Fragment[] {
  return chains.flatMap((chain, index) => [
    ...(index > 0 ? [dim(', ')] : []),
    ...chain.flatMap((agent, step) => [...(step > 0 ? [dim('\u00a0→ ')] : []), colors.name(agent)]),
  ]);
}

function indent(lines: readonly StyledText[], mark: Fragment = plain('  ')): StyledText[] {
  return lines.map((line, index) => [index === 0 ? mark : plain('  '), ...line]);
}
