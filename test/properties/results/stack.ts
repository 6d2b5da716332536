/**
 * A recursion without end through scopes, in a process of its own, because a stack that is full where V8 compiles a regular expression
 * ends the process. Writes a line of JSON: what the app caught, how deep it came, and how many spans began and ended.
 */
import type { Span } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../../../src/index.ts';
import { setUpCounted } from './counted.ts';

/** How a case is played. */
export interface Recursion {
  /** `by hand`: with `startActiveSpan`. */
  readonly scope: 'by hand' | 'run' | 'tool' | 'session' | 'step' | 'model' | 'approval';
  readonly mode: 'on' | 'unsampled' | 'off';
  /** What the callbacks are. */
  readonly how: 'functions' | 'async functions' | 'generators';
  /** Calls of the app's own in between, so that the stack is full somewhere else. */
  readonly padding: number;
  /** Everything is recorded, with long arguments. */
  readonly full: boolean;
  /** The app catches the error near the deepest point, and tries again there. */
  readonly tries: boolean;
}

const { scope, mode, how, padding, full, tries } = JSON.parse(process.argv[2] ?? '{}') as Recursion;

const counted = setUpCounted(mode === 'unsampled' ? new AlwaysOffSampler() : undefined);
const baton = new Baton({
  agent: 'app',
  enabled: mode !== 'off',
  tracerProvider: counted.provider,
  content: full ? 'full' : 'summaries',
});
const tracer = counted.provider.getTracer('app');
const long = Array.from({ length: 50 }, (_, index) => ({
  index,
  text: `order ${index} of ada@example.org, token=abc${index}`,
}));

function enter(fn: () => unknown): unknown {
  switch (scope) {
    case 'by hand':
      return tracer.startActiveSpan('by hand', (span: Span) => {
        try {
          return fn();
        } finally {
          span.end();
        }
      });
    case 'run':
      return baton.withRun({}, fn);
    case 'session':
      return baton.withSession({}, fn);
    case 'step':
      return baton.withWorkflowStep({ stepKey: 'again' }, fn);
    case 'model':
      return baton.withLlmCall({ model: 'gpt' }, fn);
    case 'approval':
      return baton.withApproval({ tool: 'refund' }, fn);
    case 'tool':
      return baton.withTool({ tool: 'search', ...(full ? { arguments: long } : {}) }, fn);
  }
}

let depth = 0;
let tried = 0;

function padded(left: number, go: () => unknown): unknown {
  return left === 0 ? go() : padded(left - 1, go);
}

function walk(level: number): unknown {
  depth = Math.max(depth, level);
  try {
    return padded(padding, () => enter(() => walk(level + 1)));
  } catch (error) {
    if (tries && tried < 20 && level > depth - 20) {
      tried++;
      return enter(() => level);
    }
    throw error;
  }
}

async function walkAsync(level: number): Promise<unknown> {
  depth = Math.max(depth, level);
  return padded(padding, () => enter(() => walkAsync(level + 1)));
}

function* walkLazily(level: number): Generator<unknown, unknown> {
  depth = Math.max(depth, level);
  return yield* padded(padding, () => enter(() => walkLazily(level + 1))) as Generator<unknown, unknown>;
}

function recurse(): unknown {
  if (how === 'functions') return walk(0);
  if (how === 'async functions') return walkAsync(0);
  return walkLazily(0).next();
}

for (let earlier = 0; earlier < 2; earlier++) {
  try {
    baton.withRun({}, () => {
      throw new TypeError(`no connection to https://ada:secret@example.org/${earlier}`);
    });
  } catch {
    // Recorded.
  }
}

async function play(): Promise<void> {
  let caught = 'nothing';
  try {
    await baton.withSession({}, () => baton.withRun({}, recurse));
  } catch (error) {
    caught = (error as Error).constructor.name;
  }
  // What had no room is recorded by now.
  await new Promise((done) => setImmediate(done));
  await baton.shutdown();
  const { started, ended } = counted;
  process.stdout.write(`${JSON.stringify({ caught, depth, tried, started, ended })}\n`);
}

void play();
