import { type SessionTimeline, type TimelineEntry, walkEntries } from '../../src/replay.ts';

/** A timeline as an indented list, one line per entry: what to compare when the wording of a view is not the question. */
export function outline(timeline: SessionTimeline | undefined): string[] {
  if (!timeline) return ['no session'];
  return Array.from(walkEntries(timeline), ({ entry, depth }) => `${'  '.repeat(depth)}${line(entry)}`);
}

function line(entry: TimelineEntry): string {
  const facts = [entry.type, nameOf(entry), entry.error ? `failed: ${entry.error.message}` : undefined];
  return facts.filter(Boolean).join(' ');
}

function nameOf(entry: TimelineEntry): string | undefined {
  switch (entry.type) {
    case 'run':
      return entry.agent?.name;
    case 'step':
      return entry.step?.key;
    case 'tool':
      return entry.tool.name;
    case 'model-call':
      return entry.model;
    case 'handoff':
      return `${entry.handoff.source?.name ?? '?'} → ${entry.handoff.target?.name ?? '?'} ${entry.handoff.status}`;
    default:
      return entry.name;
  }
}
