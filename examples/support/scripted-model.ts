import { setTimeout as sleep } from 'node:timers/promises';

export interface Message {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: string;
}

/** A decision of the model: to answer, to call a tool, to hand over, or to return a handoff. */
export type Decision =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'tool'; readonly name: string; readonly arguments: Readonly<Record<string, string | number>> }
  | { readonly kind: 'handoff'; readonly target: string; readonly reason: string }
  | { readonly kind: 'return'; readonly reason: string };

/** The decisions of each agent's model, turn by turn. */
export type Script = Readonly<Record<string, readonly Decision[]>>;

interface Completion {
  readonly id: string;
  readonly model: string;
  readonly finishReasons: readonly string[];
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly decision: Decision;
}

/** Replaces a paid API: every run has the same decisions, ids, token counts and delays. */
export class ScriptedModel {
  readonly provider = 'openai';
  readonly name: string;
  readonly #turns: Map<string, Decision[]>;
  #calls = 0;

  constructor(name: string, script: Script) {
    this.name = name;
    this.#turns = new Map(Object.entries(script).map(([agent, decisions]) => [agent, [...decisions]]));
  }

  async complete(agent: string, messages: readonly Message[]): Promise<Completion> {
    const decision = this.#turns.get(agent)?.shift();
    if (!decision) throw new Error(`the script has no further turn for ${agent}`);
    const outputTokens = tokensOf(JSON.stringify(decision));
    await sleep(outputTokens);
    return {
      id: `chatcmpl-${++this.#calls}`,
      model: this.name,
      finishReasons: [decision.kind === 'answer' ? 'stop' : 'tool_calls'],
      usage: { inputTokens: messages.reduce((sum, { content }) => sum + tokensOf(content), 0), outputTokens },
      decision,
    };
  }
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}
