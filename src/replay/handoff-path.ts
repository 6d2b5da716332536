import { ATTR_RUN_ID } from '../attributes.ts';
import { type HandoffFacts, summarise } from '../handoff-path.ts';
import type { AgentNames } from './agent-names.ts';
import { readText } from './attribute-reader.ts';
import type { HandoffPieces } from './handoff-pieces.ts';
import { startOfHandoff } from './handoffs.ts';
import type { SessionClock } from './session-clock.ts';
import type { HandoffSummary, ReplayedHandoff, TimelineAgent } from './session-timeline.ts';
import { type RecordedSpan, spanKey, spanKeyOfId } from './span.ts';

/** A handoff as it was recorded, and as it is told. */
export interface ToldHandoff {
  readonly pieces: HandoffPieces;
  readonly handoff: ReplayedHandoff;
}

type Facts = { -readonly [Key in keyof HandoffFacts]: HandoffFacts[Key] };

/** When a run picked up which handoff. */
interface PickUp {
  readonly at: bigint;
  readonly facts: Facts;
}

const UNKNOWN = '?';

/**
 * What the handoffs of a session come to.
 *
 * @param runners - agents of the runs, in order of appearance
 * @param loopNoted - the session itself noted that it went round in circles
 */
export function summariseHandoffs(
  told: readonly ToldHandoff[],
  runners: readonly TimelineAgent[],
  loopNoted: boolean,
  names: AgentNames,
  clock: SessionClock,
): HandoffSummary {
  const facts = withPrevious(told.map((one) => ({ ...one, facts: factsOf(one, names, clock) })));
  const { byStatus, chains, agents, loop } = summarise(
    facts,
    runners.map(({ key }) => key),
  );
  const named = chains.map((chain) => chain.map((key) => names.byKey(key)));
  return {
    count: told.length,
    byStatus,
    path: named.map((chain) => chain.map(({ name }) => name).join(' → ')).join(', '),
    chains: named,
    agents: agents.filter((key) => key !== UNKNOWN).map((key) => names.byKey(key)),
    loop: loopNoted || loop,
  };
}

function factsOf({ pieces, handoff }: ToldHandoff, names: AgentNames, clock: SessionClock): Facts {
  const { answers, run } = pieces;
  const { source, target, receiver, status, offsetMs: requestedAt } = handoff;
  const words = answers.map((answer) => ({
    status: answer.status,
    at: clock.offsetMs(answer.timeUnixNano),
    by: answer.by && names.of(answer.by)?.key,
  }));
  // It was picked up: that somebody took it is known, whatever was lost.
  if (run && words.length === 0) {
    words.push({
      status: 'accepted',
      at: clock.offsetMs(run.startUnixNano),
      by: receiver?.agent?.key ?? names.of(run)?.key,
    });
  }
  return {
    source: source?.key ?? UNKNOWN,
    target: target?.key,
    receiver: receiver?.agent?.key,
    status,
    requestedAt,
    answers: words,
    previous: undefined,
  };
}

/** The chain of custody: what the run that asked had picked up by then. */
function withPrevious(told: readonly (ToldHandoff & { readonly facts: Facts })[]): readonly Facts[] {
  const pickUps = new Map<string | undefined, PickUp[]>();
  for (const { pieces, facts } of told) {
    for (const run of pieces.runs) {
      const ofRun = pickUps.get(spanKey(run)) ?? [];
      pickUps.set(spanKey(run), ofRun);
      ofRun.push({ at: pickedUpAt(pieces, run), facts });
    }
  }
  for (const { pieces, facts } of told) {
    const { request } = pieces;
    const before = request && pickUps.get(spanKeyOfId(readText(request.attributes, ATTR_RUN_ID)));
    let last: PickUp | undefined;
    for (const pickUp of before ?? []) {
      if (pickUp.facts !== facts && pickUp.at <= startOfHandoff(pieces) && !(last && pickUp.at < last.at))
        last = pickUp;
    }
    facts.previous = last?.facts;
  }
  return told.map(({ facts }) => facts);
}

/** At its start, but for a run that was at work when it was asked. */
function pickedUpAt(pieces: HandoffPieces, run: RecordedSpan): bigint {
  if (startOfHandoff(pieces) <= run.startUnixNano) return run.startUnixNano;
  return pieces.answers.find(({ by }) => by === run)?.timeUnixNano ?? run.endUnixNano;
}
