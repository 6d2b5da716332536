import { ATTR_AGENT_KEY, ATTR_GEN_AI_AGENT_ID, ATTR_GEN_AI_AGENT_NAME } from '../attributes.ts';
import { readText } from './attribute-reader.ts';
import { agentWord } from './framework-agents.ts';
import type { TimelineAgent } from './session-timeline.ts';
import type { RecordedSpan } from './span.ts';
import { spanRole } from './span-role.ts';

/** Agents by key. Only a run bears its agent's name; every other span and each handoff says the key alone. */
export class AgentNames {
  readonly #agents = new Map<string, TimelineAgent>();
  readonly #byWord = new Map<string, TimelineAgent>();

  constructor(spans: readonly RecordedSpan[]) {
    for (const span of spans) {
      const key = agentKey(span);
      const name = readText(span.attributes, ATTR_GEN_AI_AGENT_NAME);
      if (key === undefined || name === undefined || spanRole(span) !== 'run') continue;
      if (this.#agents.has(key)) continue;
      const agent = { key, name };
      this.#agents.set(key, agent);
      for (const word of [agentWord(key), agentWord(name)]) {
        if (!this.#byWord.has(word)) this.#byWord.set(word, agent);
      }
    }
  }

  /** One object per key, so that agents can be compared by identity. */
  byKey(key: string): TimelineAgent {
    let agent = this.#agents.get(key);
    if (!agent) {
      agent = { key, name: key };
      this.#agents.set(key, agent);
    }
    return agent;
  }

  find(key: string | undefined): TimelineAgent | undefined {
    return key === undefined ? undefined : this.byKey(key);
  }

  /** Frameworks know agents by name alone: one that ran here, by key or by name, else an agent of that name. */
  named(name: string | undefined): TimelineAgent | undefined {
    return name === undefined ? undefined : (this.#byWord.get(agentWord(name)) ?? this.byKey(name));
  }

  /** Whose span it is. */
  of(span: RecordedSpan): TimelineAgent | undefined {
    return this.find(agentKey(span));
  }
}

function agentKey({ attributes }: RecordedSpan): string | undefined {
  return (
    readText(attributes, ATTR_AGENT_KEY) ??
    readText(attributes, ATTR_GEN_AI_AGENT_ID) ??
    readText(attributes, ATTR_GEN_AI_AGENT_NAME)
  );
}
