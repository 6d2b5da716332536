/**
 * What the handoffs of a session come to: who had the work, how often it ended how, whether it went in circles. Pure, and the
 * same for a session that is going on (`spans`) and for one that was recorded (`replay`).
 */

/** One handoff, as far as it is known. Agents are keys. */
export interface HandoffFacts {
  readonly source: string;
  /** Whom it was meant for. */
  readonly target: string | undefined;
  /** Who picked it up, and the first of them where it was tried several times. */
  readonly receiver: string | undefined;
  /** The last word. */
  readonly status: string;
  /** On the clock of the words. */
  readonly requestedAt: number;
  /** What was said of it, oldest first. */
  readonly words: readonly HandoffWord[];
  /** The handoff that its source had picked up when it asked: one step back in the chain of custody. */
  readonly previous: HandoffFacts | undefined;
}

export interface HandoffWord {
  readonly status: string;
  readonly at: number;
  /** Who said it, where that is the agent that had picked it up: the others report. */
  readonly by: string | undefined;
}

export interface HandoffSummary {
  readonly byStatus: Readonly<Record<string, number>>;
  /** Where the work went: `A, B, C` in a row, a list for each time that it started again. */
  readonly chains: readonly (readonly string[])[];
  /** Everybody who ran, asked or took over, in order of appearance. */
  readonly agents: readonly string[];
  /** The same two had the same piece of work before. */
  readonly loop: boolean;
}

/** The work went from one agent to another. */
interface Move {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

const UNKNOWN = '?';
/** So far back a piece of work is followed: longer chains are cut, or they would be kept for ever. */
export const LONGEST_CHAIN = 200;

/** @param runners - keys of the agents that ran, in the order of their first run */
export function summarise(handoffs: readonly HandoffFacts[], runners: Iterable<string>): HandoffSummary {
  const byStatus = new Map<string, number>();
  const sentBack: SentBack = new Map();
  for (const handoff of handoffs) {
    byStatus.set(handoff.status, (byStatus.get(handoff.status) ?? 0) + 1);
    for (const word of handoff.words) noteSentBack(sentBack, handoff, word);
  }
  return {
    byStatus: Object.fromEntries(byStatus),
    chains: chainsOf(handoffs, runners),
    agents: agentsOf(handoffs, runners),
    loop: handoffs.some((handoff) => goesInCircles(handoff, sentBack)),
  };
}

/** `A → B → C`; a break in the chain is a comma: `A → B, A → C`. */
export function pathText(chains: readonly (readonly string[])[]): string {
  return chains.map((chain) => chain.join(' → ')).join(', ');
}

export function chainsOf(handoffs: readonly HandoffFacts[], runners: Iterable<string>): string[][] {
  const moves = handoffs.length === 1 ? movesOf(handoffs[0] as HandoffFacts) : handoffs.flatMap(movesOf);
  if (moves.length > 1) moves.sort((one, other) => one.at - other.at);
  const chains: string[][] = [];
  for (const { from, to } of moves) {
    const chain = chains.at(-1);
    if (chain?.at(-1) === from) chain.push(to);
    else chains.push([from, to]);
  }
  if (chains.length > 0) return chains;
  for (const first of runners) return [[first]];
  return chains;
}

/** The work goes when the other one takes it, and comes back when it is returned. What was rejected went nowhere. */
function movesOf(handoff: HandoffFacts): Move[] {
  const { source, words } = handoff;
  const moves: Move[] = [];
  let holder: string | undefined;
  for (const { status, at, by } of words) {
    // A failure that nobody had picked up: nobody had it.
    if (status === 'rejected' || (status === 'failed' && holder === undefined && by === undefined)) continue;
    const to = by ?? holder ?? taker(handoff);
    if (to !== holder) moves.push({ from: source, to, at });
    holder = to;
    if (status !== 'returned') continue;
    moves.push({ from: to, to: source, at });
    holder = undefined;
  }
  return moves;
}

function taker({ words, receiver, target }: HandoffFacts): string {
  return words[0]?.by ?? receiver ?? target ?? UNKNOWN;
}

function agentsOf(handoffs: readonly HandoffFacts[], runners: Iterable<string>): string[] {
  const agents = new Set(runners);
  for (const { source, target, receiver, words } of handoffs) {
    agents.add(source);
    if (words.length === 0 && receiver === undefined) continue;
    if (target !== undefined) agents.add(target);
    if (receiver !== undefined) agents.add(receiver);
  }
  return [...agents];
}

/** When a pair of agents had its work sent back for the first time. */
export type SentBack = Map<string, number>;

export function noteSentBack(sentBack: SentBack, handoff: HandoffFacts, { status, at }: HandoffWord): void {
  if (status !== 'rejected' && status !== 'returned') return;
  const pair = pairOf(handoff);
  const before = sentBack.get(pair);
  if (before === undefined || at < before) sentBack.set(pair, at);
}

/**
 * Whether the pair of agents has had the same piece of work before: in the chain behind it, or sent back before it was asked
 * again. Asking the same agent several times is no circle.
 */
export function goesInCircles(handoff: HandoffFacts, sentBack: SentBack | undefined): boolean {
  if (movesOf(handoff).length === 0) return false;
  const pair = pairOf(handoff);
  const before = sentBack?.get(pair);
  if (before !== undefined && before < handoff.requestedAt) return true;
  let behind = handoff.previous;
  for (let steps = 1; behind && steps < LONGEST_CHAIN; steps++) {
    if (pairOf(behind) === pair) return true;
    behind = behind.previous;
  }
  return false;
}

/** Who asked and who took over; no key of an agent can fake the border between them. */
function pairOf(handoff: HandoffFacts): string {
  return `${handoff.source.length}:${handoff.source}${taker(handoff)}`;
}
