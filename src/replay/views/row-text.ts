import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_TYPE, EVENT_EXCEPTION } from '../../attributes.ts';
import { printable } from '../../printable.ts';
import { NAME } from '../../version.ts';
import { readText, valueText } from '../attribute-reader.ts';
import { isContentEvent } from '../framework-content.ts';
import type {
  ApprovalEntry,
  RunEntry,
  TimelineAgent,
  TimelineEntry,
  TimelineEvent,
  ToolEntry,
} from '../session-timeline.ts';
import type { AgentColors } from './agent-colors.ts';
import { byKey, formatDuration, formatUsage } from './amounts.ts';
import { describeHandoffRow } from './handoff-text.ts';
import {
  attributeFacts,
  type Detail,
  dim,
  droppedDetail,
  errorText,
  metadataDetail,
  plain,
  type RowText,
  textDetail,
} from './row-parts.ts';
import { DIM, type Fragment, RED, YELLOW } from './styled-text.ts';

const GRAVE_RISKS: ReadonlySet<string> = new Set(['high', 'critical']);

export interface RowOptions {
  readonly colors: AgentColors;
  /** The row belongs to another agent than what it stands under. */
  readonly showAgent: boolean;
  /** Its error began here, and did not come up from below. */
  readonly failedHere: boolean;
  /** With the prompts and answers of frameworks. */
  readonly showContent: boolean;
}

export function describeRow(entry: TimelineEntry, { colors, showAgent, failedHere, showContent }: RowOptions): RowText {
  const { label, tags, details } = describeEntry(entry, colors);
  const { agent, error } = entry;
  return {
    label,
    tags: [...statusTag(entry), ...(showAgent && agent ? [ownerTag(entry, agent, colors)] : []), ...tags],
    details: [
      ...details,
      ...contentDetails(entry, showContent),
      ...metadataDetail(entry.metadata, entry.metadataDropped),
      ...droppedDetail(entry.dropped),
      ...(failedHere && error ? [{ key: 'error', value: [{ text: errorText(error), style: RED }] }] : []),
    ],
  };
}

/** What a framework recorded is folded: prompts are long, and nobody chose to have them here. */
function contentDetails(entry: TimelineEntry, showContent: boolean): Detail[] {
  const { inputSummary, outputSummary, content = {} } = entry;
  if (!showContent && isFrameworks(entry)) return [];
  return [
    ...textDetail('input', inputSummary),
    ...textDetail('output', outputSummary),
    ...(showContent ? byKey(content).flatMap(([key, value]) => textDetail(printable(key), valueText(value))) : []),
  ];
}

/** Whether some of it is shown only when content is asked for. */
export function hasFoldedContent(entry: TimelineEntry): boolean {
  const { content, inputSummary, outputSummary, events } = entry;
  const hasSummary = isFrameworks(entry) && (inputSummary ?? outputSummary) !== undefined;
  return content !== undefined || hasSummary || events.some(({ name }) => isContentEvent(name));
}

/** Without a scope it may be anybody's; Baton's spans always have theirs. */
function isFrameworks({ scope }: TimelineEntry): boolean {
  return scope !== undefined && scope !== NAME;
}

export function describeEvent({ name, attributes }: TimelineEvent): RowText {
  if (name !== EVENT_EXCEPTION) {
    return { label: [dim('• '), plain(name || 'event')], tags: attributeFacts(attributes), details: [] };
  }
  // An error that the app dealt with: worth a look, but nothing failed.
  const { [ATTR_EXCEPTION_TYPE]: _type, [ATTR_EXCEPTION_MESSAGE]: _message, ...rest } = attributes;
  const error = {
    type: readText(attributes, ATTR_EXCEPTION_TYPE),
    message: readText(attributes, ATTR_EXCEPTION_MESSAGE),
  };
  return {
    label: [dim('• '), { text: 'handled ', style: YELLOW }, plain(errorText(error))],
    tags: attributeFacts(rest),
    details: [],
  };
}

/** What it is, without what came of it. */
export function describeEntry(entry: TimelineEntry, colors: AgentColors): RowText {
  switch (entry.type) {
    case 'run':
      return describeRun(entry, colors);
    case 'tool':
      return describeTool(entry);
    case 'handoff':
      return describeHandoffRow(entry.handoff, colors);
    case 'step':
      return row('step', entry.step?.name ?? entry.step?.key ?? entry.name, stepFacts(entry));
    case 'model-call': {
      const { operation, model, name, finishReasons } = entry;
      const reasons = finishReasons.filter((reason) => reason !== 'stop').map(dim);
      return row(operation === 'chat' ? 'model' : operation, model ?? name, [...usageFacts(entry), ...reasons]);
    }
    case 'approval':
      return describeApproval(entry);
    case 'foreign':
      return {
        label: [dim(entry.name || 'a span without a name')],
        tags: [...(['internal', 'unspecified'].includes(entry.kind) ? [] : [dim(entry.kind)]), ...usageFacts(entry)],
        details: [],
      };
  }
}

function row(word: string, name: string, tags: Fragment[]): RowText {
  return { label: [dim(`${word} `), plain(name)], tags, details: [] };
}

function describeRun(run: RunEntry, colors: AgentColors): RowText {
  const { agent, step, role, pickedUp, name } = run;
  const sources = pickedUp.flatMap(({ source }) =>
    source ? [{ text: `← ${printable(source.name)}`, style: colors.style(source) }] : [],
  );
  const stepName = step?.name === agent?.name ? undefined : step?.name;
  return {
    label: [{ text: '● ', style: colors.style(agent) }, agent ? colors.boldName(agent) : plain(name)],
    tags: [
      ...(role === undefined ? [] : [dim(role)]),
      ...(stepName === undefined ? [] : [dim(stepName)]),
      ...stepFacts(run),
      ...sources,
      ...usageFacts(run),
    ],
    details: [],
  };
}

function describeTool({ tool, action, resource, name }: ToolEntry): RowText {
  const toolName = tool.name ?? name;
  const risk = tool.riskLevel;
  const facts = [
    [action?.type, action?.name === toolName ? undefined : action?.name].filter(Boolean).join(' '),
    [resource?.type, resource?.id].filter(Boolean).join(' '),
    resource?.provider,
    resource?.environment,
    tool.provider,
    tool.cached ? 'cached' : undefined,
    tool.idempotencyKey && `once per ${tool.idempotencyKey}`,
  ];
  return row('tool', toolName, [
    ...(risk === undefined ? [] : [{ ...dim(`${risk} risk`), style: GRAVE_RISKS.has(risk) ? YELLOW : DIM }]),
    ...facts.flatMap((fact) => (fact ? [dim(fact)] : [])),
  ]);
}

function describeApproval({ name, status, waitMs, approver, reason, decisionReason }: ApprovalEntry): RowText {
  const asked = status === undefined || status === 'requested';
  const who = approver === undefined ? '' : ` ${asked ? 'from' : 'by'} ${approver}`;
  const wait = waitMs === undefined || asked ? '' : ` after ${formatDuration(waitMs)}`;
  return {
    label: [dim('approval '), plain(name.replace(/^await_approval ?/, ''))],
    tags: [{ text: printable(`${status ?? 'requested'}${who}${wait}`), style: status === 'approved' ? DIM : YELLOW }],
    details: [...textDetail('reason', reason), ...textDetail(printable(status ?? ''), decisionReason)],
  };
}

function ownerTag({ type }: TimelineEntry, agent: TimelineAgent, colors: AgentColors): Fragment {
  return { ...colors.name(agent), text: `${type === 'handoff' ? 'from' : 'by'} ${printable(agent.name)}` };
}

function statusTag({ type, status, error }: TimelineEntry): Fragment[] {
  // The answers to a handoff say it better; an approval has said it.
  if (type === 'handoff' || (type === 'approval' && !error)) return [];
  if (error || status === 'failed') return [{ text: '✗ failed', style: RED }];
  return status === undefined || status === 'completed' ? [] : [{ ...dim(status), style: YELLOW }];
}

/** `#1 triage-ticket`. */
function stepFacts({ step, type }: TimelineEntry): Fragment[] {
  if (step === undefined) return [];
  const index = step.index === undefined ? undefined : `#${step.index}`;
  const key = type === 'step' && step.name === undefined ? undefined : step.key;
  const text = [index, key].filter(Boolean).join(' ');
  return text === '' ? [] : [dim(text)];
}

function usageFacts({ usage }: TimelineEntry): Fragment[] {
  return usage ? formatUsage(usage).map(dim) : [];
}
