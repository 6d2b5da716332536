import { afterEach, describe, expect, it } from '@jest/globals';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { Baton } from '../../src/index.ts';
import { Recording } from '../support/recording.ts';
import { registry } from '../support/registry.ts';
import { disagreements, Player, type Program, problemsOf, programs, sessions } from './programs.ts';

/** `FC_RUNS=5000 npm test -- test/properties` looks harder. */
const RUNS = Number(process.env.FC_RUNS ?? 50);

const recording = new Recording();

afterEach(async () => {
  diag.disable();
  await recording.stop();
});

/** Plays the program with a provider of its own, and says what is wrong with what came of it. */
async function play(program: Program, contextManager: boolean): Promise<string[]> {
  const complaints: string[] = [];
  const complain = (message: string): void => {
    complaints.push(`OpenTelemetry says: ${message}`);
  };
  diag.setLogger(
    { error: complain, warn: complain, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const counter = countSpans();
  await recording.startAgain({ contextManager, spanProcessors: [counter.processor] });
  const baton = new Baton({ agent: 'app' });
  const player = new Player(baton, contextManager);
  await player.play(program);
  const problems = [...complaints, ...problemsOf(player.notes, recording.spans()), ...counter.problems()];
  problems.push(...disagreements(player.handoffs, recording.spans()));
  for (const code of Object.keys(baton.warnings())) problems.push(`warned about ${code}`);
  for (const kind of ['sessions', 'runs', 'handoffs'] as const) {
    if (registry[kind].size > 0) problems.push(`${registry[kind].size} ${kind} are left in the registry`);
    registry[kind].clear();
  }
  return problems;
}

/** How often each span was started and ended. */
function countSpans(): { readonly processor: SpanProcessor; problems(): string[] } {
  const started = new Map<string, number>();
  const ended = new Map<string, number>();
  const count = (counts: Map<string, number>, id: string): void => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
  };
  return {
    processor: {
      onStart: (span) => count(started, `${span.name} ${span.spanContext().spanId}`),
      onEnd: (span) => count(ended, span.spanContext().spanId),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
    problems: () =>
      [...started.keys()]
        .filter((key) => ended.get(key.slice(key.lastIndexOf(' ') + 1)) !== 1)
        .map((key) => `${key} was started once and ended ${ended.get(key.slice(key.lastIndexOf(' ') + 1)) ?? 0} times`),
  };
}

describe.each([
  ['with a context manager', true],
  ['without a context manager', false],
])('%s', (_, contextManager) => {
  it('any program of scopes becomes the forest that it says', async () => {
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        expect(await play(program, contextManager)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  }, 300_000);

  it.each(Array.from({ length: Math.ceil(RUNS / 50) }, (_one, seed) => seed))(
    'two hundred sessions at once never mix (seed %i)',
    async (seed) => {
      const nodes = fc.sample(sessions, { numRuns: 200, seed });
      const problems = await play({ parallel: true, nodes }, contextManager);
      expect(problems.slice(0, 10)).toEqual([]);
    },
    300_000,
  );
});
