/**
 * Summarises the handoffs of a session: the path of the work, the count by status, loops. The functions are pure, and
 * shared by a live session (`spans`) and a recorded one (`replay`).
 */

/** What is known of one handoff. Agents are given by their keys. */
export interface HandoffFacts {
  readonly source: string;
  /** The agent that was asked. */
  readonly target: string | undefined;
  /** The agent that picked it up first. */
  readonly receiver: string | undefined;
  /** The latest status. */
  readonly status: string;
  /** On the same clock as the answers. */
  readonly requestedAt: number;
  /** The answers, oldest first. */
  readonly answers: readonly AnswerFacts[];
  /** The handoff that its source had picked up when it made this one: one step back in the chain. */
  readonly previous: HandoffFacts | undefined;
}

export interface AnswerFacts {
  readonly status: string;
  readonly at: number;
  /**
   * The agent that answered, where it is the one that had picked the handoff up. `undefined` for a report by another.
   */
  readonly by: string | undefined;
}

export interface HandoffSummary {
  readonly byStatus: Readonly<Record<string, number>>;
  /** The path of the work: one list `A, B, C` per unbroken chain. */
  readonly chains: readonly (readonly string[])[];
  /** All agents that ran, made a handoff or took one over, in order of appearance. */
  readonly agents: readonly string[];
  /** The same pair of agents had the same piece of work before. */
  readonly loop: boolean;
}

/** The work moved from one agent to another. */
interface Move {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

const UNKNOWN = '?';
/** How far a chain of handoffs is followed back. Longer chains are cut, or they would be kept in memory for ever. */
export const LONGEST_CHAIN = 200;

/** @param runners - keys of the agents that ran, in the order of their first run */
export function summarise(handoffs: readonly HandoffFacts[], runners: Iterable<string>): HandoffSummary {
  const byStatus = new Map<string, number>();
  const sentBack: SentBack = new Map();
  for (const handoff of handoffs) {
    byStatus.set(handoff.status, (byStatus.get(handoff.status) ?? 0) + 1);
    for (const answer of handoff.answers) noteSentBack(sentBack, handoff, answer);
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

/** Work moves when the receiver takes it, and moves back when it is returned. A rejected handoff moves nothing. */
function movesOf(handoff: HandoffFacts): Move[] {
  const { source, answers } = handoff;
  const moves: Move[] = [];
  let holder: string | undefined;
  for (const { status, at, by } of answers) {
    // It failed before an agent picked it up, so the work did not move.
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

function taker({ answers, receiver, target }: HandoffFacts): string {
  return answers[0]?.by ?? receiver ?? target ?? UNKNOWN;
}

function agentsOf(handoffs: readonly HandoffFacts[], runners: Iterable<string>): string[] {
  const agents = new Set(runners);
  for (const { source, target, receiver, answers } of handoffs) {
    agents.add(source);
    if (answers.length === 0 && receiver === undefined) continue;
    if (target !== undefined) agents.add(target);
    if (receiver !== undefined) agents.add(receiver);
  }
  return [...agents];
}

/** When a pair of agents first had its work sent back. */
export type SentBack = Map<string, number>;

export function noteSentBack(sentBack: SentBack, handoff: HandoffFacts, { status, at }: AnswerFacts): void {
  if (status !== 'rejected' && status !== 'returned') return;
  const pair = pairOf(handoff);
  const before = sentBack.get(pair);
  if (before === undefined || at < before) sentBack.set(pair, at);
}

/**
 * Whether this pair of agents had the same piece of work before: earlier in the chain, or sent back before this
 * request. Asking the same agent several times is not a loop.
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

/** Key for source and receiver. The length prefix keeps agent keys from faking the border between them. */
function pairOf(handoff: HandoffFacts): string {
  return `${handoff.source.length}:${handoff.source}${taker(handoff)}`;
}
