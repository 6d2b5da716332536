import type { Handoff, HandoffStatistics, TimelineAgent } from './session-timeline.ts';

/** The work went from one agent to another. */
interface Move {
  readonly atMs: number;
  readonly from: TimelineAgent;
  readonly to: TimelineAgent;
}

const UNKNOWN: TimelineAgent = { key: '?', name: '?' };
/**
 * What the handoffs of a session come to.
 *
 * @param runners - agents of the runs, in order of appearance
 * @param loopNoted - the session itself noted that it went round in circles
 */
export function summariseHandoffs(
  handoffs: readonly Handoff[],
  runners: readonly TimelineAgent[],
  loopNoted: boolean,
): HandoffStatistics {
  const byStatus = new Map<string, number>();
  for (const { status } of handoffs) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const chains = chainsOf(handoffs, runners[0]);
  return {
    count: handoffs.length,
    byStatus: Object.fromEntries(byStatus),
    path: chains.map((chain) => chain.map(({ name }) => name).join(' → ')).join(', '),
    chains,
    agents: agentsOf(handoffs, runners),
    loop: loopNoted || chains.some(repeatsItself),
  };
}

function chainsOf(handoffs: readonly Handoff[], first: TimelineAgent | undefined): TimelineAgent[][] {
  const chains: TimelineAgent[][] = [];
  for (const { from, to } of movesOf(handoffs)) {
    const chain = chains.at(-1);
    if (chain?.at(-1)?.key === from.key) chain.push(to);
    else chains.push([from, to]);
  }
  return chains.length > 0 || first === undefined ? chains : [[first]];
}

/** The work goes when the other one takes it; a handoff that is returned is a second move, back. */
function movesOf(handoffs: readonly Handoff[]): Move[] {
  const moves: Move[] = [];
  for (const handoff of handoffs) {
    const { status, answers, receiver, offsetMs, source: from = UNKNOWN } = handoff;
    if (!wasTaken(handoff) || status === 'rejected') continue;
    const to = receiver?.agent ?? handoff.target ?? UNKNOWN;
    moves.push({ atMs: answers[0]?.offsetMs ?? offsetMs, from, to });
    const back = answers.find((answer) => answer.status === 'returned');
    if (back) moves.push({ atMs: back.offsetMs, from: to, to: from });
  }
  return moves.sort((one, other) => one.atMs - other.atMs);
}

function wasTaken({ answers, receiver }: Handoff): boolean {
  return answers.length > 0 || receiver !== undefined;
}

function agentsOf(handoffs: readonly Handoff[], runners: readonly TimelineAgent[]): TimelineAgent[] {
  const agents = new Map<string, TimelineAgent>();
  const involved = handoffs.flatMap((handoff) => [
    handoff.source,
    wasTaken(handoff) ? handoff.target : undefined,
    handoff.receiver?.agent,
  ]);
  for (const agent of [...runners, ...involved]) {
    if (agent && !agents.has(agent.key)) agents.set(agent.key, agent);
  }
  return [...agents.values()];
}

/** The same pair of agents, in the same direction, twice within one chain. A fan-out to one worker twice is none. */
function repeatsItself(chain: readonly TimelineAgent[]): boolean {
  const pairs = chain.slice(1).map((agent, index) => JSON.stringify([chain[index]?.key, agent.key]));
  return new Set(pairs).size < pairs.length;
}
