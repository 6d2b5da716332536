// Plays every way of using one client, alone or in a run of Baton: `node play.mjs openai inside`. Prints, by way, what the app saw,
// what was recorded and how long things took, as JSON. `without` never loads Baton.
import { context, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { sleep } from './answers.mjs';

// Express prints the errors of handlers.
process.env.NODE_ENV = 'test';

const [client, mode] = process.argv.slice(2);
/** How long a session stays open after its last answer: work of the client that goes on belongs to it. */
const LATER = 20;

const memory = new InMemorySpanExporter();
const warnings = [];
// A span that is ended twice is told to the logger by the SDK, an object that cannot be watched by Baton.
diag.setLogger(
  { error: note, warn: note, info() {}, debug() {}, verbose() {} },
  { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    sampler: mode === 'unsampled' ? dropping() : undefined,
    spanProcessors: [new SimpleSpanProcessor(memory)],
  }),
);

function note(...said) {
  warnings.push(said.join(' '));
}

/** Drops all that Baton begins, and with it what is below; a span of the client's own would show that it fell out of its scope. */
function dropping() {
  const byName = {
    shouldSample: (_context, _traceId, name) => ({
      decision: name.startsWith('invoke_') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
  };
  return new ParentBasedSampler({ root: byName });
}

const baton = await createBaton();

async function createBaton() {
  if (mode === 'without') return undefined;
  const { Baton } = await import('otel-baton');
  return new Baton({ agent: 'app', mode: mode === 'off' ? 'off' : 'monitor' });
}

let unhandled = [];
const keep = (kind) => (error) => unhandled.push(`${kind}: ${shown(error)}`);
process.on('unhandledRejection', keep('unhandled rejection'));
process.on('uncaughtException', keep('uncaught exception'));

/** Whether the call itself is the whole session, which then ends with what it gave, if anybody can tell. */
const isOutermost = mode === 'outermost' || mode === 'unsampled';

/** Only there the times count. */
const isRecorded = mode === 'inside' || mode === 'outermost';

/** A session for one way, with the run that the app does its work in. */
function inSession(way, work) {
  if (!baton || isOutermost) return work();
  return baton.withSession({ id: way, kind: 'pipeline' }, () =>
    baton.withRun({}, async () => {
      await work();
      if (isRecorded) await sleep(LATER);
    }),
  );
}

/** The call of the client, in scopes that all give the same object. */
function inScopes(fn, until) {
  if (!baton) return fn();
  const call = () => baton.withRun({ agent: 'caller', until }, () => baton.withLlmCall({ model: 'm', until }, fn));
  return isOutermost ? baton.withSession({ kind: 'pipeline', until }, call) : call();
}

/** What nobody read is told when it is collected. */
async function forget(sessions) {
  const told = () => memory.getFinishedSpans().filter(({ name }) => name.startsWith('invoke_workflow')).length;
  for (let turn = 0; turn < 200 && told() < sessions; turn++) {
    global.gc();
    await sleep(5);
  }
}

async function play(way, use) {
  unhandled = [];
  const seen = [];
  const calls = [];
  let toldSoFar = 0;
  const see = (...values) => seen.push(values.map(shown).join(' '));
  const call = (fn, until) => {
    const times = { isValue: false };
    calls.push(times);
    let made;
    const got = inScopes(() => {
      made = fn();
      return made;
    }, until);
    times.given = Date.now();
    if (isPlainPromise(made)) {
      see('a promise', isPlainPromise(got), Object.keys(got));
      const settled = (isValue) => Object.assign(times, { given: Date.now(), isValue: isValue && until === undefined });
      // Of what the client made and not of what the app got: who listens there would handle a rejection.
      if (isRecorded)
        made.then(
          (value) => settled(!isReadLater(value)),
          () => settled(true),
        );
      return got;
    }
    see('the same object', got === made, looks(got, until !== undefined));
    times.object = got;
    return got;
  };
  /** For what a promise-like gave: that is when the app took it. */
  const taken = (value) => {
    calls.at(-1).given = Date.now();
    return value;
  };
  await inSession(way, async () => {
    await use({ call, taken, see }).catch((error) => see('not caught:', error));
    // Node tells of rejections that nobody handles after the turn of the loop in which they happened.
    await sleep(5);
    toldSoFar = memory.getFinishedSpans().filter(({ name }) => name === 'invoke_agent caller').length;
  });
  await sleep(0);
  const left = calls.map(({ object }) => (object ? Reflect.ownKeys(object).map(String).filter(isOfAnObject) : []));
  const times = calls.map(({ object, ...each }) => each);
  calls.length = 0;
  if (mode === 'outermost') await forget(times.length);
  const spans = memory.getFinishedSpans();
  const otlp = new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans));
  memory.reset();
  return { way, seen: [...seen, ...unhandled], left, calls: times, toldSoFar, otlp };
}

/** A stream, or a response with content. */
function isReadLater(value) {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.asyncIterator in value || ('bodyUsed' in value && value.status !== 204);
}

/** Not what Node hangs on a promise when something follows the async context. */
function isOfAnObject(name) {
  return !/^Symbol\((.*async_id_symbol|kResourceStore)\)$/.test(name);
}

function isPlainPromise(value) {
  return value instanceof Promise && Object.getPrototypeOf(value) === Promise.prototype;
}

/** An object as an app can look at it: its classes and their members, without asking a getter. */
function looks(value, isUsed) {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return shown(value);
  const classes = [];
  for (let at = Object.getPrototypeOf(value); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    classes.push(`${at.constructor?.name}(${Reflect.ownKeys(at).map(String)})`);
  }
  // An emitter counts its listeners in a member that it makes with the first one; `until` has used the object already.
  const keys = isUsed ? [] : Object.keys(value).filter((name) => name !== '_eventsCount');
  return `${keys} of ${classes.join(' < ')}`;
}

function shown(value) {
  if (value instanceof Error) {
    const { name, message, code, status, cause } = value;
    const why = cause ? ` because of ${shown(cause)}` : '';
    // Ports are others in each process.
    return `${value.constructor.name} ${name} ${code} ${status}: ${message.replace(/:\d+/g, '')}${why}`;
  }
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const { ways, close } = await import(`./${client}.mjs`);
const played = [];
// The first call of all takes longer.
await play('', async ({ call }) => call(() => 0));
for (const [way, use] of Object.entries(ways)) played.push(await play(way, use));
await close?.();
process.stdout.write(`${JSON.stringify({ played, warnings })}\n`);
