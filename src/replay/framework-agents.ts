import { ATTR_AGENT_KEY, ATTR_GEN_AI_AGENT_ID, ATTR_GEN_AI_AGENT_NAME } from '../attributes.ts';
import { readText } from './attribute-reader.ts';
import type { RecordedSpan } from './span.ts';
import { isFrameworkAgent, isOwnRun } from './span-role.ts';

/**
 * A run around a framework's call and the framework's own span of that call are one agent at work. So an `invoke_agent`
 * directly below a run of the same agent is told as that run, and what hangs under it moves up. One that failed where the
 * run did not is news, and stays.
 *
 * @param parentOf - who stands under whom; what is merged is taken out of it
 * @returns the run for each span that is told as one
 */
export function mergeAgents(parentOf: Map<RecordedSpan, RecordedSpan | undefined>): Map<RecordedSpan, RecordedSpan> {
  const mergedInto = new Map<RecordedSpan, RecordedSpan>();
  for (const [span, above] of parentOf) {
    const run = (above && mergedInto.get(above)) ?? above;
    if (run && isFrameworkAgent(span) && isOwnRun(run) && isSameAgent(span, run) && !isNews(span, run)) {
      mergedInto.set(span, run);
    }
  }
  if (mergedInto.size === 0) return mergedInto;
  for (const [span, above] of parentOf) {
    const run = above && mergedInto.get(above);
    if (mergedInto.has(span)) parentOf.delete(span);
    else if (run) parentOf.set(span, run);
  }
  return mergedInto;
}

/** Letters and digits only: `response-worker` is the key of `Response worker`. */
export function agentWord(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

function isSameAgent({ attributes }: RecordedSpan, run: RecordedSpan): boolean {
  const name = readText(attributes, ATTR_GEN_AI_AGENT_NAME) ?? readText(attributes, ATTR_GEN_AI_AGENT_ID);
  const word = name === undefined ? '' : agentWord(name);
  const names = [ATTR_AGENT_KEY, ATTR_GEN_AI_AGENT_NAME, ATTR_GEN_AI_AGENT_ID].map((key) =>
    readText(run.attributes, key),
  );
  return word !== '' && names.some((one) => one !== undefined && agentWord(one) === word);
}

function isNews({ status }: RecordedSpan, run: RecordedSpan): boolean {
  return status.code === 'error' && run.status.code !== 'error';
}
