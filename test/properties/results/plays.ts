/** Plays a program without Baton and in each way that Baton can be there, and says what was wrong. */
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Baton } from '../../../src/index.ts';
import { turn } from './kind.ts';
import { heard, type Played, Player, type Stage } from './player.ts';
import { differences, orphansShow, problemsOf } from './problems.ts';
import type { Program } from './programs.ts';

type Mode = 'on' | 'without a context manager' | 'unsampled' | 'half' | 'off' | 'no provider';
const MODES: readonly Mode[] = ['on', 'without a context manager', 'unsampled', 'half', 'off', 'no provider'];

/** Drops the first trace, and each second one after that. */
function everySecond(): Sampler {
  let roots = 0;
  return new ParentBasedSampler({
    root: {
      shouldSample: () => ({
        decision: roots++ % 2 === 0 ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
      toString: () => 'every second trace',
    },
  });
}

/** Drops the first trace alone: a root after that is an orphan. */
function firstDropped(): Sampler {
  let roots = 0;
  return new ParentBasedSampler({
    root: {
      shouldSample: () => ({
        decision: roots++ === 0 ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
      toString: () => 'the first trace is dropped',
    },
  });
}

interface Take {
  readonly played: Played;
  readonly lines: readonly string[];
  readonly last: readonly string[];
  readonly heard: readonly string[];
  readonly spans: readonly ReadableSpan[];
  readonly problems: readonly string[];
}

async function take(program: Program, mode: Mode | undefined): Promise<Take> {
  const spans: ReadableSpan[] = [];
  const started = new Map<string, number>();
  const processor: SpanProcessor = {
    onStart: (span) => void started.set(`${span.name} ${span.spanContext().spanId}`, 0),
    onEnd: (span) => {
      const key = `${span.name} ${span.spanContext().spanId}`;
      started.set(key, (started.get(key) ?? 0) + 1);
      spans.push(span);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const sampler = mode === 'half' ? everySecond() : mode === 'unsampled' ? firstDropped() : undefined;
  const provider = new BasicTracerProvider({ spanProcessors: [processor], ...(sampler ? { sampler } : {}) });
  const contextManager = mode !== 'without a context manager';
  if (contextManager) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const warnings: string[] = [];
  const baton =
    mode &&
    new Baton({
      agent: 'app',
      enabled: mode !== 'off',
      ...(mode === 'no provider' ? {} : { tracerProvider: provider }),
      onWarning: ({ code }) => warnings.push(code),
    });
  const stage: Stage = {
    baton,
    tracer: provider.getTracer('app'),
    contextManager,
    ended: () => spans.map((span) => String(span.attributes['baton.metadata.mark'] ?? '')),
  };
  const player = new Player(program, stage);
  const played = await player.play();
  await turn();
  await baton?.shutdown();
  for (let turns = 0; turns < 12; turns++) await turn();
  const last = player.lookAgain();
  context.disable();
  const isEarly = program.chains.some(({ layers }) => layers.some(({ early }) => early !== 'no'));
  const problems = [...started]
    .filter(([, times]) => times !== 1)
    .map(([name, times]) => `${name} ended ${times} times`);
  for (const code of warnings)
    if (
      code !== 'unwatched_result' &&
      code !== (mode === 'no provider' ? 'no_provider' : 'until_failed') &&
      !(isEarly && code === 'ended_run')
    )
      problems.push(`warned about ${code}`);
  return { played, lines: played.journal.lines, last, heard: [...heard].sort(), spans, problems };
}

/** What is wrong in any mode, each with the mode's name. */
export async function faults(program: Program): Promise<string[]> {
  const bare = await take(program, undefined);
  const found: string[] = [];
  for (const mode of MODES) {
    const { played, lines, last, heard, spans, problems } = await take(program, mode);
    const all = [...problems, ...differences(bare.lines, lines)];
    // What is not recorded is told of no end but that of the result itself.
    if (mode !== 'unsampled' && mode !== 'half') all.push(...differences(bare.last, last));
    if (heard.join() !== bare.heard.join())
      all.push(`the process heard ${heard.join()} instead of ${bare.heard.join()}`);
    if (mode === 'on' || mode === 'without a context manager')
      all.push(...problemsOf(program, played, spans, mode === 'on'));
    if (mode === 'unsampled' && orphansShow(program)) {
      for (const { name } of spans)
        if (name.startsWith('in ')) all.push(`"${name}" is recorded although its scope is not`);
    }
    if (mode === 'off' || mode === 'no provider') {
      if (spans.some(({ name }) => !name.startsWith('in '))) all.push('recorded although it was off');
    }
    found.push(...all.map((problem) => `${mode}: ${problem}`));
  }
  return found;
}
