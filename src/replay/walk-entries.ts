import type { SessionTimeline, TimelineEntry } from './session-timeline.ts';

export interface WalkedEntry {
  readonly entry: TimelineEntry;
  readonly parent?: TimelineEntry | undefined;
  /** 0 at the top. */
  readonly depth: number;
}

/** Every entry in the order it is told: each before its children. Depth costs no stack. */
export function* walkEntries({ entries }: Pick<SessionTimeline, 'entries'>): Generator<WalkedEntry, void, undefined> {
  const rest: WalkedEntry[] = entries.map((entry) => ({ entry, depth: 0 })).reverse();
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    yield next;
    const { entry, depth } = next;
    for (const child of entry.children.toReversed()) rest.push({ entry: child, parent: entry, depth: depth + 1 });
  }
}
