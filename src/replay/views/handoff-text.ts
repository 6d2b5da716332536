import { printable } from '../../printable.ts';
import type { ReplayedHandoff } from '../session-timeline.ts';
import type { AgentColors } from './agent-colors.ts';
import { formatDuration } from './amounts.ts';
import { dim, errorText, plain, type RowText, textDetail } from './row-parts.ts';
import { DIM, type Fragment, RED, type Style, YELLOW } from './styled-text.ts';

/** `handoff → Billing  accepted after 90ms · returned after 1.2s · pass_control`, and below it why and with what. */
export function describeHandoffRow(handoff: ReplayedHandoff, colors: AgentColors): RowText {
  const { target, targetKind, receiver, mode, reasonType, reason, payloadSummary, answers } = handoff;
  const takenBy = receiver?.agent && receiver.agent.key !== target?.key ? [receiver.agent] : [];
  const facts = [targetKind, mode, reasonType].filter((fact) => fact !== undefined);
  return {
    label: [
      plain('handoff '),
      { text: '→ ', style: colors.style(target) },
      target ? colors.boldName(target) : dim('whoever takes it'),
    ],
    tags: [
      ...outcome(handoff),
      ...takenBy.map((agent) => ({ ...colors.name(agent), text: `taken by ${printable(agent.name)}` })),
      ...facts.map(dim),
    ],
    details: [
      ...textDetail('reason', reason),
      ...textDetail('payload', payloadSummary),
      ...answers.flatMap(({ status, reason: why, payloadSummary: brought, error }) => [
        ...textDetail(printable(status), why),
        ...textDetail(printable(status), brought),
        ...(error ? [{ key: printable(status), value: [{ text: errorText(error), style: RED }] }] : []),
      ]),
    ],
  };
}

/** `requested` is only what the source did: nobody said anything to it. */
export function statusWord(status: string): string {
  return status === 'requested' ? 'unanswered' : printable(status);
}

export function statusStyle(status: string): Style {
  if (status === 'failed') return RED;
  if (status === 'requested' || status === 'rejected' || status === 'expired') return YELLOW;
  return DIM;
}

function outcome({ answers, status, overdue, receiver, waitMs }: ReplayedHandoff): Fragment[] {
  if (answers.length > 0) {
    return answers.map((answer, index) => {
      const after = index === 0 ? firstWait(waitMs, answer.afterMs) : answer.afterMs;
      return { text: `${statusWord(answer.status)} after ${formatDuration(after)}`, style: statusStyle(answer.status) };
    });
  }
  if (status === 'requested' && receiver) return [dim('picked up, unanswered')];
  const waited = status === 'requested' && waitMs !== undefined ? ` in ${formatDuration(waitMs)}` : '';
  const late = overdue ? [{ text: 'deadline passed', style: YELLOW }] : [];
  return [{ text: `${statusWord(status)}${waited}`, style: statusStyle(status) }, ...late];
}

/** The wait was measured in whole milliseconds by one clock; the spans say it finer, if their clocks agree. */
function firstWait(waitMs: number | undefined, afterMs: number): number {
  return waitMs === undefined || Math.abs(waitMs - afterMs) <= 1 ? afterMs : waitMs;
}
