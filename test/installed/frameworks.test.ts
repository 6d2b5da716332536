import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RecordedSpan } from '../../src/replay.ts';
import { handoffTree, watch } from './support/arrived.ts';
import { docsCode } from './support/docs-code.ts';
import { shareApps, shareReceiver, shareWorkshop } from './support/shared.ts';
import type { UserApp, UserAppOptions } from './support/user-app.ts';

// The packed package inside runs of real agent frameworks with scripted models, each set up as docs/frameworks.md shows it: real
// installs, real OTLP over a real socket, no model. The trees that are expected are those of the page. Run by `npm run test:package`.

/** Exact, so that a test that fails tomorrow has the same reason as today. */
const SDK_2 = otel(
  'api@1.9.1',
  'sdk-trace-base@2.12.0',
  'exporter-trace-otlp-http@0.223.0',
  'context-async-hooks@2.12.0',
);
const SDK_3 = otel('api@1.10.0', 'sdk-trace@3.1.0', 'exporter-trace-otlp-http@0.301.0', 'context-async-hooks@3.1.0');
/** The line that Strands asks for. */
const SDK_2_8 = otel(
  'api@1.9.1',
  'sdk-trace-base@2.8.0',
  'exporter-trace-otlp-http@0.219.0',
  'context-async-hooks@2.8.0',
);
const FRAMEWORKS = {
  aiSdk6: ['ai@6.0.326'],
  aiSdk7: ['ai@7.0.173', '@ai-sdk/otel@1.0.173'],
  adk: ['@google/adk@2.0.0'],
  strands: ['@strands-agents/sdk@1.19.0', '@modelcontextprotocol/sdk@1.32.2'],
  mastra: ['@mastra/core@1.71.0', '@mastra/observability@1.17.9', '@mastra/otel-bridge@1.5.4'],
} as const;
const ZOD = 'zod@4.6.7';
/** For the frameworks that want Node 22 or newer; the others run on the Node that runs the test. */
const NODE = '24.21.0';

const DOCS = 'docs/frameworks.md';

/** A model of the AI SDK, which Mastra takes, too: gives its answers in their order, whole or as a stream. */
const SCRIPTED_MODEL = `
  const usage = { inputTokens: { total: 3 }, outputTokens: { total: 5 } };
  const inStream = (part) =>
    part.type === 'text'
      ? [{ type: 'text-start', id: '1' }, { type: 'text-delta', id: '1', delta: part.text }, { type: 'text-end', id: '1' }]
      : [part];
  export const call = (toolName, input) =>
    ({ type: 'tool-call', toolCallId: toolName, toolName, input: JSON.stringify(input) });
  export const say = (text) => ({ type: 'text', text });
  export const scripted = (...answers) => {
    const next = () => {
      const part = answers.shift();
      return { part, finishReason: { unified: part.type === 'text' ? 'stop' : 'tool-calls' }, usage };
    };
    return {
      specificationVersion: 'v3',
      provider: 'scripted',
      modelId: 'scripted',
      supportedUrls: {},
      doGenerate: async () => {
        const { part, ...end } = next();
        return { content: [part], ...end, warnings: [] };
      },
      doStream: async () => {
        const { part, ...end } = next();
        const chunks = [{ type: 'stream-start', warnings: [] }, ...inStream(part), { type: 'finish', ...end }];
        return { stream: ReadableStream.from(chunks) };
      },
    };
  };
`;

/** Two agents that hand over with a tool of this name. */
function aiModels(handoffTool: string): Readonly<Record<string, string>> {
  return {
    'scripted.mjs': SCRIPTED_MODEL,
    'models.mjs': `
      import { call, say, scripted } from './scripted.mjs';
      export const triageModel = scripted(call('${handoffTool}', { prompt: 'Refund A1' }), say('Done.'));
      export const billingModel = scripted(call('refund', { order: 'A1' }), say('Refunded.'));
    `,
  };
}

const ADK_MODELS = `
  import { BaseLlm } from '@google/adk';
  class Scripted extends BaseLlm {
    constructor(...answers) {
      super({ model: 'scripted' });
      this.answers = answers;
    }
    async *generateContentAsync() {
      yield { content: { role: 'model', parts: [this.answers.shift()] } };
    }
  }
  const call = (name, args) => ({ functionCall: { id: name, name, args } });
  export const triageModel = new Scripted(call('transfer_to_agent', { agentName: 'billing' }));
  export const billingModel = new Scripted(call('refund', { order: 'A1' }), { text: 'Refunded.' });
`;

/** An answer of an agent in a swarm is a call of the tool for structured output: with \`agentId\` it is a handoff. */
const STRANDS_MODELS = `
  import { Model } from '@strands-agents/sdk';
  class Scripted extends Model {
    constructor(...answers) {
      super();
      this.answers = answers;
    }
    updateConfig() {}
    getConfig() {
      return { modelId: 'scripted' };
    }
    async *stream() {
      const [name, input] = this.answers.shift();
      yield { type: 'modelMessageStartEvent', role: 'assistant' };
      yield { type: 'modelContentBlockStartEvent', start: { type: 'toolUseStart', name, toolUseId: name } };
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: JSON.stringify(input) } };
      yield { type: 'modelContentBlockStopEvent' };
      yield { type: 'modelMessageStopEvent', stopReason: 'toolUse' };
    }
  }
  const answer = (input) => ['strands_structured_output', input];
  export const triageModel = new Scripted(answer({ agentId: 'billing', message: 'Refund A1' }));
  export const billingModel = new Scripted(['refund', { order: 'A1' }], answer({ message: 'Refunded.' }));
`;

/** Hands a program to another Node, in the place and with the variables that it was given. */
const ON_NODE = {
  'on-node.cjs': `
    const { spawnSync } = require('node:child_process');
    const [node, ...args] = process.argv.slice(2);
    process.exitCode = spawnSync(node, args, { stdio: 'inherit' }).status ?? 1;
  `,
};

const workshop = shareWorkshop();
const receiver = shareReceiver();
const install = shareApps(workshop);
let node: string;

beforeAll(async () => {
  const { folder } = await workshop.app({ packages: [], node: NODE, files: {} });
  node = `${folder}/node_modules/node/bin/node`;
}, 240_000);

/** An app for the tests of a group. */
function appWith(options: UserAppOptions): () => UserApp {
  return install({
    ...options,
    packages: [...options.packages, ZOD],
    files: { 'instrumentation.mjs': docsCode(DOCS, 'Set-up'), ...ON_NODE, ...options.files },
  });
}

async function run(
  app: UserApp,
  file = 'app.mjs',
  { on, env }: { on?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<readonly RecordedSpan[]> {
  const arrived = watch(receiver);
  const args = ['--import', './instrumentation.mjs', file];
  await app.run(on ? ['on-node.cjs', on, ...args] : args, {
    OTEL_SERVICE_NAME: 'shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    ...env,
  });
  return arrived();
}

/** Every span but Baton's own says the session, the agent and the run that it is inside of, and nothing else. */
function expectStamped(spans: readonly RecordedSpan[]): void {
  const stamp = ({ attributes }: RecordedSpan) =>
    ['session.id', 'baton.agent.key', 'baton.run.id'].map((name) => attributes[name]).join(' ');
  const ours = spans.find(({ name }) => name === 'invoke_agent front-desk') as RecordedSpan;
  const foreign = spans.filter(({ scope }) => scope !== ours.scope);
  expect(foreign.length).toBeGreaterThan(0);
  expect([...new Set(foreign.map(stamp))]).toEqual([`ticket-1 front-desk 00-${ours.traceId}-${ours.spanId}-01`]);
}

/** Does what the user asked stand on any span? */
function sayThePrompt(spans: readonly RecordedSpan[]): boolean {
  const texts = spans.flatMap(({ attributes, events }) => [attributes, ...events.map((event) => event.attributes)]);
  return JSON.stringify(texts).includes('Refund order A1');
}

/** The tree below a heading of the page. */
function docsTree(heading: string): string {
  const section = readFileSync(DOCS, 'utf8').split(`\n## ${heading}\n`)[1] ?? '';
  return String(/```text\n([\s\S]*?)\n```/.exec(section)?.[1]);
}

/** The code below a heading, changed in one place. */
function changed(heading: string, from: string | RegExp, to: string): string {
  const code = docsCode(DOCS, heading);
  const result = code.replaceAll(from instanceof RegExp ? new RegExp(from, 'g') : from, to);
  if (result === code) throw new Error(`${DOCS}: ${heading} has no ${from}`);
  return result;
}

/** AI SDK: both agents stream. */
function streaming(heading: string): string {
  return changed(heading, /triage\.generate\((.*?)\)\),/, 'triage.stream($1).then(({ text }) => text)),').replace(
    'billing.generate(',
    'billing.stream(',
  );
}

describe('AI SDK 6', () => {
  const app = appWith({
    packages: [...FRAMEWORKS.aiSdk6, ...SDK_2],
    files: {
      ...aiModels('transfer_to_billing'),
      'app.mjs': docsCode(DOCS, 'AI SDK 6'),
      'streaming.mjs': streaming('AI SDK 6'),
      'child-run.mjs': changed(
        'AI SDK 6',
        'billing.generate({ prompt })',
        "baton.withChildRun({ agent: 'billing' }, () => billing.generate({ prompt }))",
      ),
      'nameless.mjs': changed('AI SDK 6', /functionId: '.*?'/, 'recordInputs: false, recordOutputs: false'),
    },
  });

  it('spans of the agents are stamped, and the second is linked to the tool call that it runs in', async () => {
    const spans = await run(app());
    expect(handoffTree(spans)).toBe(docsTree('AI SDK 6'));
    expect(sayThePrompt(spans)).toBe(true);
    expectStamped(spans);
  }, 60_000);

  it('an agent with a run of its own has its own key, and keeps its link', async () => {
    const spans = await run(app(), 'child-run.mjs');
    expect(handoffTree(spans)).toBe(
      `
invoke_workflow
  invoke_agent front-desk
    ai.generateText
      ai.generateText.doGenerate
      ai.toolCall
        invoke_agent billing
          ai.generateText --handoff--> ai.toolCall (triage → billing)
            ai.generateText.doGenerate
            ai.toolCall
            ai.generateText.doGenerate
      ai.generateText.doGenerate
`.trim(),
    );
    const keys = spans.map(({ attributes }) => attributes['baton.agent.key']);
    expect(keys.filter((key) => key === 'front-desk')).toHaveLength(5);
    expect(keys.filter((key) => key === 'billing')).toHaveLength(5);
  }, 60_000);

  it('so they are when the agents stream', async () => {
    const spans = await run(app(), 'streaming.mjs');
    const expected = docsTree('AI SDK 6').replaceAll('generateText', 'streamText').replaceAll('doGenerate', 'doStream');
    expect(handoffTree(spans)).toBe(expected);
    expectStamped(spans);
  }, 60_000);

  it('the link is there without names and texts', async () => {
    const spans = await run(app(), 'nameless.mjs');
    expect(handoffTree(spans)).toBe(withoutNames(docsTree('AI SDK 6')));
    expect(sayThePrompt(spans)).toBe(false);
  }, 60_000);
});

describe.each([
  { line: 'SDK 2.x', packages: SDK_2, setUp: docsCode(DOCS, 'Set-up') },
  { line: 'SDK 3.x, set up by register()', packages: SDK_3, setUp: registerCode() },
])('AI SDK 7, $line', ({ packages, setUp }) => {
  const app = appWith({
    packages: [...FRAMEWORKS.aiSdk7, ...packages],
    files: {
      'instrumentation.mjs': setUp,
      ...aiModels('transfer_to_billing'),
      'app.mjs': docsCode(DOCS, 'AI SDK 7'),
      'streaming.mjs': streaming('AI SDK 7'),
      'nameless.mjs': changed(
        'AI SDK 7',
        /functionId: '(triage|billing)'/,
        'recordInputs: false, recordOutputs: false',
      ),
    },
  });

  it.each([
    ['', 'app.mjs'],
    [' when they stream', 'streaming.mjs'],
  ])(
    'spans of the agents are stamped, and the second is linked to its tool call%s',
    async (_, file) => {
      const spans = await run(app(), file, { on: node });
      expect(handoffTree(spans)).toBe(docsTree('AI SDK 7'));
      expect(sayThePrompt(spans)).toBe(true);
      expectStamped(spans);
    },
    60_000,
  );

  it('the link is there without names and texts', async () => {
    const spans = await run(app(), 'nameless.mjs', { on: node });
    const expected = withoutNames(docsTree('AI SDK 7')).replace(
      /invoke_agent (triage|billing)/g,
      'invoke_agent scripted',
    );
    expect(handoffTree(spans)).toBe(expected);
    expect(sayThePrompt(spans)).toBe(false);
  }, 60_000);
});

describe('Google ADK', () => {
  const app = appWith({
    packages: [...FRAMEWORKS.adk, ...SDK_2.map((name) => name.replace('api@1.9.1', 'api@1.9.0'))],
    files: {
      'models.mjs': ADK_MODELS,
      'app.mjs': docsCode(DOCS, 'Google ADK'),
      'agent-tool.mjs': changed('Google ADK', 'subAgents: [billing]', 'tools: [new AgentTool({ agent: billing })]')
        .replace('FunctionTool,', 'AgentTool, FunctionTool,')
        .replace('./models.mjs', './agent-tool-models.mjs'),
      'agent-tool-models.mjs': ADK_MODELS.replace(
        /export const triageModel.*/,
        "export const triageModel = new Scripted(call('billing', { request: 'Refund A1' }), { text: 'Done.' });",
      ),
    },
  });

  it('spans of the agents are stamped, and the second is linked to the transfer before it', async () => {
    const spans = await run(app());
    expect(handoffTree(spans)).toBe(docsTree('Google ADK'));
    expect(sayThePrompt(spans)).toBe(true);
    expectStamped(spans);
  }, 60_000);

  it('an agent in an AgentTool is linked to the call of that tool, with texts left out', async () => {
    const env = { ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS: 'false' };
    const spans = await run(app(), 'agent-tool.mjs', { env });
    expect(sayThePrompt(spans)).toBe(false);
    expect(handoffTree(spans)).toBe(
      `
invoke_workflow
  invoke_agent front-desk
    invocation
      invoke_agent triage
        call_llm
          execute_tool billing
            invocation
              invoke_agent billing --handoff--> execute_tool billing (triage → billing)
                call_llm
                  execute_tool refund
                call_llm
        call_llm
`.trim(),
    );
    expectStamped(spans);
  }, 60_000);
});

describe('Strands', () => {
  const app = appWith({
    packages: [...FRAMEWORKS.strands, ...SDK_2_8],
    files: {
      'models.mjs': STRANDS_MODELS,
      'app.mjs': docsCode(DOCS, 'Strands'),
      'nameless.mjs': changed('Strands', /name: '(triage|billing)', /, ''),
    },
  });

  it('spans of the agents are stamped, and the second is linked to the first', async () => {
    const spans = await run(app(), 'app.mjs', { on: node });
    expect(handoffTree(spans)).toBe(docsTree('Strands'));
    expect(sayThePrompt(spans)).toBe(true);
    expectStamped(spans);
  }, 60_000);

  it('the ids tell agents apart that have no names', async () => {
    const spans = await run(app(), 'nameless.mjs', { on: node });
    const expected = docsTree('Strands').replace(/invoke_agent (triage|billing)/g, 'invoke_agent Strands Agent');
    expect(handoffTree(spans)).toBe(expected);
  }, 60_000);
});

describe('Mastra', () => {
  const app = appWith({
    packages: [...FRAMEWORKS.mastra, ...SDK_2],
    files: {
      ...aiModels('agent-billing'),
      'app.mjs': docsCode(DOCS, 'Mastra'),
      'streaming.mjs': changed('Mastra', /\.generate\((.*?)\)\),/, '.stream($1).then(({ text }) => text)),'),
      'all-spans.mjs': changed('Mastra', ', excludeSpanTypes }', ' }').replace(
        "'Refund order A1')",
        "'Refund order A1', { tracingOptions: { hideInput: true, hideOutput: true } })",
      ),
    },
  });

  it.each([
    ['', 'app.mjs'],
    [' when they stream', 'streaming.mjs'],
  ])(
    'spans of the agents are stamped, and the second is linked to its tool call%s',
    async (_, file) => {
      const spans = await run(app(), file, { on: node });
      expect(handoffTree(spans)).toBe(docsTree('Mastra'));
      expect(sayThePrompt(spans)).toBe(true);
      expectStamped(spans);
    },
    60_000,
  );

  it('the link does not depend on which spans and texts are left out', async () => {
    const spans = await run(app(), 'all-spans.mjs', { on: node });
    expect(sayThePrompt(spans)).toBe(false);
    const left = spans.filter(({ name }) => /^(model_|mapping)/.test(name));
    expect(left.length).toBeGreaterThan(5);
    const handoffs = (tree: string) => tree.match(/\S.*--handoff-->.*/g);
    expect(handoffs(handoffTree(spans))).toEqual(handoffs(docsTree('Mastra')));
    expectStamped(spans);
  }, 60_000);
});

it('the page names the versions that are tested here', () => {
  const page = readFileSync(DOCS, 'utf8');
  const named = Object.values(FRAMEWORKS)
    .flat()
    .filter((version) => !version.startsWith('@modelcontextprotocol/'));
  expect(named.filter((version) => !page.includes(`\`${version}\``))).toEqual([]);
});

function otel(...names: readonly string[]): string[] {
  return names.map((name) => `@opentelemetry/${name}`);
}

function withoutNames(tree: string): string {
  return tree.replace(/\(.*? → .*?\)/, '(undefined → undefined)');
}

/** The second code below the set-up: the one for apps without a provider. */
function registerCode(): string {
  const [, , second] = readFileSync(DOCS, 'utf8').split('```js\n');
  const code = String(second).split('```')[0] ?? '';
  if (!code.includes('register(')) throw new Error(`${DOCS} has no register() below "Set-up"`);
  return code;
}
