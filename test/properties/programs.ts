/**
 * Random programs that use Baton rightly: how they look, how they are played, and what must come of it. While a program
 * is played, each thing it starts is noted with a mark that its span carries as metadata; `problemsOf` then holds the
 * recorded spans against the notes.
 */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import type {
  Baton,
  Carrier,
  Handoff,
  HandoffMode,
  Run,
  Scoped,
  Session,
  SessionHandoffs,
  StepMetadata,
} from '../../src/index.ts';
import { buildTimelines, readFinishedSpans } from '../../src/replay.ts';

type Ending = 'end' | 'dispose' | 'fail' | 'abort' | 'open';

/** How a scope is opened, what happens in it, and how it ends. */
interface Scope {
  readonly callback: boolean;
  readonly ending: Ending;
  /** Awaits at its start, before its end. */
  readonly pauses: readonly [number, number];
  /** Names what is around it by id, although the async context knows. */
  readonly byId: boolean;
  readonly parallel: boolean;
  readonly body: readonly Node[];
}

interface RunNode {
  readonly kind: 'run';
  readonly child: boolean;
  readonly agent: string | undefined;
  readonly step: StepMetadata;
  readonly scope: Scope;
}

type Word = 'Accepted' | 'Completed' | 'Rejected' | 'Returned' | 'Failed';

/** How it is said: by a call that finds the handoff, or on what the run has in hand. */
type Way = 'track' | 'handle';

interface Receiver {
  /** `later`: beside the source, after its end. */
  readonly where: 'inside' | 'later';
  /** How it knows of the handoff: as the one that waits for it, by its id, or by what crossed a process border. */
  readonly by: 'waiting' | 'id' | 'carrier';
  readonly words: readonly Word[];
  readonly way: Way;
  readonly run: RunNode;
  /** Who tries again, when the first one breaks down. */
  readonly retry: { readonly words: readonly Word[]; readonly run: RunNode } | undefined;
  /** What the run that asked says of it at last. */
  readonly report: Word | undefined;
}

interface HandoffNode {
  readonly kind: 'handoff';
  readonly mode: HandoffMode | undefined;
  /** `known`: one of few agents, so that work goes round in circles. */
  readonly target: 'agent' | 'step' | 'known' | 'unknown';
  readonly byId: boolean;
  readonly receiver: Receiver | undefined;
}

export interface SessionNode {
  readonly kind: 'session';
  readonly ownId: boolean;
  readonly scope: Scope;
}

type InRunNode =
  | { readonly kind: 'step'; readonly step: StepMetadata; readonly scope: Scope }
  | { readonly kind: 'tool'; readonly mcp: boolean; readonly scope: Scope }
  | { readonly kind: 'approval'; readonly scope: Scope }
  | { readonly kind: 'model'; readonly tokens: number; readonly scope: Scope };

type Node = SessionNode | RunNode | HandoffNode | InRunNode;

/** A program: sessions, and runs outside any session, side by side or one after the other. */
export interface Program {
  readonly parallel: boolean;
  readonly nodes: readonly (SessionNode | RunNode)[];
}

const step: fc.Arbitrary<StepMetadata> = fc.record(
  {
    stepKey: fc.constantFrom('plan', 'draft', 'check'),
    stepName: fc.constantFrom('Plan', 'Draft'),
    stepIndex: fc.nat(9),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const words: fc.Arbitrary<readonly Word[]> = fc.constantFrom<(readonly Word[])[]>(
  [],
  ['Completed'],
  ['Completed', 'Completed'],
  ['Accepted'],
  ['Accepted', 'Completed'],
  ['Accepted', 'Returned'],
  ['Completed', 'Returned'],
  ['Completed', 'Failed'],
  ['Rejected'],
  ['Returned'],
  ['Failed'],
);

function record<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

function scoped(body: fc.Arbitrary<readonly Node[]>): fc.Arbitrary<Scope> {
  return record<Scope>({
    callback: fc.boolean(),
    ending: fc.constantFrom<Ending[]>('end', 'dispose', 'fail', 'abort', 'open'),
    pauses: fc.tuple(fc.nat(3), fc.nat(3)),
    byId: fc.boolean(),
    parallel: fc.boolean(),
    body,
  });
}

const depth = { depthIdentifier: fc.createDepthIdentifier(), depthSize: 'medium' as const, maxDepth: 6 };
const some = { maxLength: 4, depthIdentifier: depth.depthIdentifier };

const { session, run } = fc.letrec<{ session: SessionNode; run: RunNode; handoff: HandoffNode; inside: Node }>(
  (tie) => {
    const inRun = scoped(fc.array(tie('inside'), some));
    const inSession = scoped(fc.array(fc.oneof(depth, { weight: 3, arbitrary: tie('run') }, tie('session')), some));
    return {
      session: record<SessionNode>({ kind: fc.constant('session' as const), ownId: fc.boolean(), scope: inSession }),
      run: record<RunNode>({
        kind: fc.constant('run' as const),
        child: fc.boolean(),
        agent: fc.option(fc.constantFrom('ann', 'bob', 'cleo'), { nil: undefined }),
        step,
        scope: inRun,
      }),
      handoff: record<HandoffNode>({
        kind: fc.constant('handoff' as const),
        mode: fc.constantFrom<(HandoffMode | undefined)[]>(undefined, 'pass_control', 'return_to_caller'),
        target: fc.constantFrom('agent' as const, 'step' as const, 'known' as const, 'unknown' as const),
        byId: fc.boolean(),
        receiver: fc.option(
          record<Receiver>({
            where: fc.constantFrom('inside' as const, 'later' as const),
            by: fc.constantFrom<Receiver['by'][]>('waiting', 'id', 'carrier'),
            words,
            way: fc.constantFrom<Way[]>('track', 'handle'),
            run: tie('run'),
            retry: fc.option(record<NonNullable<Receiver['retry']>>({ words, run: tie('run') }), { nil: undefined }),
            report: fc.constantFrom<(Word | undefined)[]>(undefined, undefined, 'Completed', 'Returned', 'Failed'),
          }),
          { nil: undefined },
        ),
      }),
      inside: fc.oneof(
        depth,
        record<InRunNode>({
          kind: fc.constant('model' as const),
          tokens: fc.integer({ min: 1, max: 99 }),
          scope: scoped(fc.constant([])),
        }),
        record<InRunNode>({ kind: fc.constant('step' as const), step, scope: inRun }),
        record<InRunNode>({ kind: fc.constant('tool' as const), mcp: fc.boolean(), scope: inRun }),
        record<InRunNode>({ kind: fc.constant('approval' as const), scope: inRun }),
        tie('run'),
        { weight: 2, arbitrary: tie('handoff') },
        tie('session'),
      ),
    };
  },
);

export const sessions: fc.Arbitrary<SessionNode> = session;

export const programs: fc.Arbitrary<Program> = record<Program>({
  parallel: fc.boolean(),
  nodes: fc.array(fc.oneof({ weight: 3, arbitrary: session }, run), { minLength: 1, maxLength: 4 }),
});

type Outcome = 'completed' | 'failed' | 'cancelled' | 'abandoned' | 'unsaid';

/** What must be recorded of one thing that was started. */
interface Note {
  readonly mark: number;
  readonly kind: Node['kind'];
  readonly parent: Note | undefined;
  /** The session, or the run outside any session, that it belongs to. */
  readonly root: Note;
  readonly run: Note | undefined;
  readonly agent: string | undefined;
  readonly step: StepMetadata;
  readonly links: { readonly type: 'handoff' | 'return'; readonly to: Note }[];
  name: string;
  sessionId: string;
  id: string;
  outcome: Outcome;
  tokens: number;
  handoffs: number;
  mayOutliveParent: boolean;
  mode: HandoffMode | undefined;
  target: string | undefined;
  /** The runs that picked it up, one after the other. */
  readonly tries: Note[];
  /** What came of a handoff, and what its receiver says of it at last. */
  firstWord: string;
  lastWord: string;
}

/** What a receiving run knows of its handoff, and what it says to it. */
interface Receives {
  readonly handoff: Note;
  readonly words: readonly Word[];
  readonly way: Way;
  /** The request said `pass_control`: what came of it later is not in the carrier. */
  readonly passes: boolean;
  readonly id: string | undefined;
  readonly carrier: Carrier | undefined;
}

/** Where something happens. */
interface Place {
  readonly root: Note | undefined;
  readonly run: Note | undefined;
  readonly innermost: Note | undefined;
}

const OUTSIDE: Place = { root: undefined, run: undefined, innermost: undefined };

const FIRST_WORDS: Record<Word, string> = {
  Accepted: 'accepted',
  Completed: 'accepted',
  Rejected: 'rejected',
  Returned: 'returned',
  Failed: 'failed',
};

const VERBS: Record<string, string> = { accepted: 'accept', rejected: 'reject', returned: 'return', failed: 'fail' };

async function pause(times: number): Promise<void> {
  if (times === 3) await new Promise((resolve) => setImmediate(resolve));
  else for (let time = 0; time < times; time++) await null;
}

export class Player {
  readonly notes: Note[] = [];
  /** What each session says of its handoffs, by its id. */
  readonly handoffs: Map<string, SessionHandoffs> = new Map();
  readonly #baton: Baton;
  readonly #contextManager: boolean;
  #deferred: Map<Note, (() => Promise<void>)[]> = new Map();
  readonly #runs: Map<Note, Run> = new Map();

  constructor(baton: Baton, contextManager: boolean) {
    this.#baton = baton;
    this.#contextManager = contextManager;
  }

  play({ nodes, parallel }: Program): Promise<void> {
    return this.#all(nodes, parallel, OUTSIDE);
  }

  async #all(nodes: readonly Node[], parallel: boolean, place: Place): Promise<void> {
    if (parallel) await Promise.all(nodes.map((node) => this.#one(node, place)));
    else for (const node of nodes) await this.#one(node, place);
  }

  #one(node: Node, place: Place): Promise<void> {
    if (node.kind === 'session') return this.#session(node, place);
    if (node.kind === 'run') return this.#run(node, place);
    const inRun = place as Place & { run: Note };
    return node.kind === 'handoff' ? this.#handoff(node, inRun) : this.#inRun(node, inRun);
  }

  #session({ ownId, scope }: SessionNode, place: Place): Promise<void> {
    const note = this.#note('session', { ...place, root: undefined, run: undefined }, undefined, {});
    note.name = 'invoke_workflow';
    const input = { ...(ownId ? { id: `ticket-${note.mark}` } : {}), metadata: { mark: note.mark } };
    const inside = { root: note, run: undefined, innermost: note };
    return this.#scoped<Session>(
      'Session',
      input,
      { ...scope, ending: ended(scope.ending) },
      note,
      inside,
      ({ id, handoffs }) => {
        note.sessionId = id;
        this.handoffs.set(id, handoffs);
      },
    );
  }

  async #run(node: RunNode, here: Place, receives?: Receives): Promise<void> {
    const { agent, scope, step: given } = node;
    const carrier = receives?.carrier;
    const sender = receives?.handoff.run;
    // Who gets a carrier knows of nothing else: it hangs where the sender said, and has no run around it.
    const hangs = receives?.passes ? (sender?.parent ?? sender) : sender;
    const place = carrier ? { root: here.root, run: undefined, innermost: hangs } : here;
    const isChild = place.run !== undefined || (carrier !== undefined && node.child);
    const byStep = agent === undefined && isChild && given.stepKey !== undefined;
    const owner = agent ?? (byStep ? given.stepKey : (place.run?.agent ?? 'app'));
    const note = this.#note('run', place, owner, given, carrier ? hangs : undefined);
    if (carrier) {
      this.#places.set(note, OUTSIDE);
      note.mayOutliveParent = true;
    }
    const inherited = agent === undefined && !byStep && place.run ? this.#nameOf(place.run) : owner;
    note.name = `invoke_agent ${(byStep ? given.stepName : undefined) ?? inherited}`;
    const byId = (scope.byId || !this.#contextManager) && !carrier;
    const input = {
      ...given,
      ...(agent === undefined ? {} : { agent }),
      ...(byId && place.run ? { parentRunId: place.run.id } : {}),
      ...(byId && place.root ? { sessionId: place.root.sessionId } : {}),
      ...(receives?.id ? { handoffId: receives.id } : {}),
      ...(carrier ? { carrier } : {}),
      metadata: { mark: note.mark },
    };
    const ending = place.root ? scope.ending : ended(scope.ending);
    const inside = { root: place.root ?? note, run: note, innermost: note };
    receives?.handoff.tries.push(note);
    const word = isChild && node.child ? 'ChildRun' : 'Run';
    const [first, ...more] = receives?.words ?? [];
    await this.#scoped<Run>(
      word,
      input,
      { ...scope, ending },
      note,
      inside,
      (handle) => {
        note.id = handle.id;
        note.sessionId = handle.sessionId;
        this.#runs.set(note, handle);
        if (receives) this.#pickedUp(note, receives.handoff);
        if (receives && first) this.#say(first, note, receives, byId || !this.#contextManager);
      },
      () => {
        for (const later of more) {
          if (receives) this.#say(later, note, receives, byId || !this.#contextManager);
        }
      },
    );
    for (const later of this.#deferred.get(note) ?? []) await later();
  }

  #inRun(node: InRunNode, place: Place & { run: Note }): Promise<void> {
    const note = this.#note(node.kind, place, place.run.agent, node.kind === 'step' ? node.step : {});
    const byId = node.scope.byId || !this.#contextManager;
    const common = { ...(byId ? { runId: place.run.id } : {}), metadata: { mark: note.mark } };
    const inside = { ...place, innermost: note };
    if (node.kind === 'step') {
      const { stepKey, stepName } = node.step;
      note.name = ['run_step', stepKey ?? stepName].filter(Boolean).join(' ');
      return this.#scoped('WorkflowStep', { ...node.step, ...common }, node.scope, note, inside);
    }
    if (node.kind === 'tool') {
      note.name = 'execute_tool search';
      return this.#scoped(node.mcp ? 'McpCall' : 'Tool', { tool: 'search', ...common }, node.scope, note, inside);
    }
    if (node.kind === 'approval') {
      note.name = 'await_approval refund';
      return this.#scoped('Approval', { tool: 'refund', ...common }, node.scope, note, inside);
    }
    note.name = 'chat gpt';
    const scope = { ...node.scope, ending: ended(node.scope.ending) };
    place.run.tokens += node.tokens;
    const input = { model: 'gpt', usage: { inputTokens: node.tokens }, ...common };
    return this.#scoped('LlmCall', input, scope, note, inside);
  }

  async #handoff({ mode, target, byId, receiver }: HandoffNode, place: Place & { run: Note }): Promise<void> {
    const source = place.run;
    const note = this.#note('handoff', place, source.agent, {});
    note.mode = mode;
    const known = receiver?.run.agent ?? 'bob';
    note.target = target === 'unknown' ? undefined : target === 'known' ? known : `target-${note.mark}`;
    note.name = `handoff ${note.target ?? ''}`.trim();
    note.firstWord = 'requested';
    note.root.handoffs++;
    // A target that is unknown, or one of few, is taken by the first to come: only its receiver may, so it comes at once.
    const isAnybodys = target === 'unknown' || target === 'known';
    const taker = isAnybodys && receiver === undefined ? 'nobody' : note.target;
    if (taker === 'nobody') {
      note.target = 'nobody';
      note.name = 'handoff nobody';
    }
    const requested: Handoff = this.#baton.trackHandoffRequested({
      ...(byId || !this.#contextManager ? { sourceRunId: source.id } : {}),
      ...(mode ? { mode } : {}),
      ...(taker ? { target: taker } : {}),
      metadata: { mark: note.mark },
    });
    note.id = requested.id;
    if (!receiver) return;
    const run: RunNode = {
      ...receiver.run,
      ...(target === 'agent' || target === 'known' ? { agent: taker } : {}),
      ...(target === 'step' ? { agent: 'dora', step: { ...receiver.run.step, stepKey: taker } } : {}),
    };
    const { retry } = receiver;
    const again = retry && { ...retry.run, agent: run.agent, step: run.step };
    // A run outside any session is known by no session id: what comes by carrier would be alone.
    const by = receiver.by === 'carrier' && note.root.kind !== 'session' ? 'id' : receiver.by;
    const receives: Receives = {
      handoff: note,
      words: receiver.words,
      way: receiver.way,
      passes: mode === 'pass_control',
      id: by === 'id' ? requested.id : undefined,
      carrier: by === 'carrier' ? JSON.parse(JSON.stringify(requested.carrier())) : undefined,
    };
    const later = receiver.where === 'later' && !isAnybodys && mode !== 'return_to_caller';
    const beside = this.#places.get(source);
    const pickUp = async (where: Place): Promise<void> => {
      await this.#run(run, where, receives);
      const brokeDown = note.tries.at(-1)?.outcome === 'failed' || note.tries.at(-1)?.outcome === 'cancelled';
      if (again && brokeDown && by !== 'waiting') await this.#run(again, where, { ...receives, words: retry.words });
    };
    if (!later || !beside?.root) {
      await pickUp(place);
      if (receiver.report) this.#report(receiver.report, requested, source, note);
      return;
    }
    const deferred = this.#deferred.get(source) ?? [];
    deferred.push(() => pickUp(beside));
    this.#deferred.set(source, deferred);
  }

  /** Opens a scope of any kind, plays its body inside, and ends it as the program says. */
  async #scoped<Handle>(
    word: string,
    input: object,
    { callback, ending, pauses, parallel, body }: Scope,
    note: Note,
    inside: Place,
    onStart: (handle: Handle) => void = () => {},
    onEnd: () => void = () => {},
  ): Promise<void> {
    const baton = this.#baton as unknown as Record<string, (...given: unknown[]) => unknown>;
    const thrown = new Error(ending);
    if (ending === 'abort') thrown.name = 'AbortError';
    const failing = ending === 'fail' || ending === 'abort';
    if (failing) note.outcome = ending === 'fail' ? 'failed' : 'cancelled';
    const perform = async (handle: unknown): Promise<void> => {
      onStart(handle as Handle);
      await pause(pauses[0]);
      await this.#all(body, parallel, inside);
      await pause(pauses[1]);
      onEnd();
    };
    if (!callback) {
      const handle = baton[`start${word}`]?.(input) as Scoped;
      await handle.within(() => perform(handle));
      if (failing) handle.fail(thrown);
      else if (ending === 'end') handle.end();
      else if (ending === 'dispose') {
        // Nobody can see from there how it went.
        handle[Symbol.dispose]();
        note.outcome = 'unsaid';
      } else note.outcome = 'abandoned';
      this.#ended(note);
      return;
    }
    const result = {};
    try {
      const given = await baton[`with${word}`]?.(
        input,
        body.length === 0 && pauses[0] + pauses[1] === 0
          ? (handle: unknown) => {
              onStart(handle as Handle);
              onEnd();
              if (failing) throw thrown;
              return result;
            }
          : async (handle: unknown) => {
              await perform(handle);
              if (failing) throw thrown;
              return result;
            },
      );
      if (given !== result || failing) throw new Error(`with${word} changed the result`);
    } catch (error) {
      if (error !== thrown) throw error;
    }
    this.#ended(note);
  }

  readonly #endedNotes: Set<Note> = new Set();
  readonly #places: Map<Note, Place> = new Map();

  #ended(note: Note): void {
    if (note.outcome !== 'abandoned') this.#endedNotes.add(note);
  }

  #note(kind: Node['kind'], place: Place, agent: string | undefined, given: StepMetadata, hangs?: Note): Note {
    // Without async context only ids are known, and steps and tool calls have none.
    const parent = hangs ?? (this.#contextManager ? place.innermost : (place.run ?? place.root));
    const note: Note = {
      mark: this.notes.length,
      kind,
      parent: kind === 'session' && !this.#contextManager ? undefined : parent,
      root: undefined as unknown as Note,
      run: place.run,
      agent,
      step: given,
      links: [],
      name: '',
      sessionId: '',
      id: '',
      outcome: 'completed',
      tokens: 0,
      handoffs: 0,
      mayOutliveParent: kind === 'handoff',
      mode: undefined,
      target: undefined,
      tries: [],
      firstWord: '',
      lastWord: '',
    };
    (note as { root: Note }).root = place.root ?? note;
    this.notes.push(note);
    this.#places.set(note, place);
    return note;
  }

  #nameOf(run: Note | undefined): string {
    return run?.name.slice('invoke_agent '.length) ?? 'app';
  }

  #pickedUp(run: Note, handoff: Note): void {
    run.links.push({ type: 'handoff', to: handoff });
    run.lastWord = 'accepted';
    if (handoff.tries[0] !== run) return;
    if (handoff.target === undefined) {
      handoff.target = run.agent;
      handoff.name = `handoff ${run.agent}`;
    }
    if (handoff.mode === undefined && handoff.run && this.#endedNotes.has(handoff.run)) handoff.mode = 'pass_control';
    handoff.firstWord = 'accepted';
  }

  #say(word: Word, run: Note, { handoff, way }: Receives, byId: boolean): void {
    const isFirst = run.firstWord === '';
    if (way === 'track') this.#baton[`trackHandoff${word}`](byId ? { runId: run.id } : {});
    else {
      const inHand = this.#runs.get(run)?.handoff;
      if (inHand?.id !== handoff.id) throw new Error(`run ${run.mark} has ${inHand?.id} in hand, not ${handoff.id}`);
      if (word === 'Accepted' || (word === 'Completed' && isFirst)) inHand.accept();
      else if (word === 'Completed') inHand.complete();
      else if (word === 'Rejected') inHand.reject();
      else if (word === 'Returned') inHand.return();
      else inHand.fail();
    }
    if (isFirst) run.firstWord = FIRST_WORDS[word];
    if (handoff.tries[0] === run) handoff.firstWord = run.firstWord;
    run.lastWord = isFirst ? FIRST_WORDS[word] : word.toLowerCase();
    const source = handoff.run;
    if (word === 'Returned' && source?.parent && !this.#endedNotes.has(source)) {
      source.links.push({ type: 'return', to: run });
    }
  }

  /** The run that asked has the last word, where the one that took over left room for it and has ended. */
  #report(word: Word, { id: handoffId }: Handoff, source: Note, handoff: Note): void {
    const last = handoff.tries.at(-1);
    if (last?.lastWord !== 'accepted' || !this.#endedNotes.has(last) || this.#endedNotes.has(source)) return;
    this.#baton[`trackHandoff${word}`]({ handoffId, runId: source.id });
  }
}

function said(outcome: Outcome): string | undefined {
  return outcome === 'unsaid' ? undefined : outcome;
}

function ended(ending: Ending): Ending {
  return ending === 'open' ? 'end' : ending;
}

/** Microseconds, exact: an HrTime as one number loses some. */
function micros([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1e6 + nanos / 1e3;
}

const KINDS: Partial<Record<Node['kind'], SpanKind>> = { handoff: SpanKind.PRODUCER, model: SpanKind.CLIENT };

/** What is wrong with the recorded spans, in words; nothing when they are as noted. */
export function problemsOf(notes: readonly Note[], spans: readonly ReadableSpan[]): string[] {
  const problems: string[] = [];
  const expectSame = (what: string, got: unknown, wanted: unknown): void => {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    if (a !== b) problems.push(`${what}: got ${a}, wanted ${b}`);
  };
  const spanOf = new Map<unknown, ReadableSpan>();
  const noteOf = new Map<string, Note>();
  const answers: ReadableSpan[] = [];
  for (const span of spans) {
    const mark = span.attributes['baton.metadata.mark'];
    if (span.kind === SpanKind.CONSUMER) answers.push(span);
    else if (spanOf.has(mark)) problems.push(`${span.name} was recorded twice`);
    else spanOf.set(mark, span);
    const note = notes[Number(mark ?? -1)];
    if (note) noteOf.set(span.spanContext().spanId, note);
  }
  expectSame('spans', spanOf.size, notes.length);
  expectSame('answers', answers.length, notes.flatMap(({ tries }) => tries).length);

  let lastStart = 0;
  for (const note of notes) {
    const span = spanOf.get(note.mark);
    if (!span) {
      problems.push(`${note.name} is missing`);
      continue;
    }
    const { attributes } = span;
    const who = `${note.mark} ${note.name}`;
    const parent = note.parent && spanOf.get(note.parent.mark);
    expectSame(`${who}: name`, span.name, note.name);
    expectSame(`${who}: kind`, span.kind, KINDS[note.kind] ?? SpanKind.INTERNAL);
    expectSame(`${who}: parent`, span.parentSpanContext?.spanId, parent?.spanContext().spanId);
    if (parent) expectSame(`${who}: trace`, span.spanContext().traceId, parent.spanContext().traceId);
    expectSame(`${who}: session`, attributes['session.id'], note.root.sessionId);
    expectSame(`${who}: run`, attributes['baton.run.id'], note.kind === 'run' ? note.id : note.run?.id);
    expectSame(`${who}: parent run`, attributes['baton.run.parent_id'], note.kind === 'run' ? note.run?.id : undefined);
    expectSame(`${who}: agent`, attributes['baton.agent.key'], note.agent);
    for (const [key, field] of [
      ['baton.step.key', 'stepKey'],
      ['baton.step.name', 'stepName'],
      ['baton.step.index', 'stepIndex'],
    ] as const) {
      expectSame(`${who}: ${field}`, attributes[key], note.step[field]);
    }
    expectSame(
      `${who}: links`,
      span.links.map(({ context, attributes: given }) => [
        given?.['baton.link.type'],
        noteOf.get(context.spanId)?.mark,
      ]),
      note.links.map(({ type, to }) => [type, to.mark]),
    );
    for (const { context } of span.links) {
      if (context.spanId === span.parentSpanContext?.spanId) problems.push(`${who} is linked to its own parent`);
    }
    outcomeOf(who, note, span);
    if (note.kind === 'handoff') handoffOf(who, note, span);

    const [start, end] = [micros(span.startTime), micros(span.endTime)];
    if (end - start < 1) problems.push(`${who} lasts ${end - start} µs`);
    // Notes are made right before the start: starts rise as marks do, so siblings keep their order.
    if (start <= lastStart) problems.push(`${who} does not start after the one before it`);
    lastStart = start;
    if (parent && start <= micros(parent.startTime)) problems.push(`${who} starts before its parent`);
    const cover = note.outcome === 'abandoned' || note.mayOutliveParent ? spanOf.get(note.root.mark) : parent;
    if (cover && cover !== span && end >= micros(cover.endTime)) problems.push(`${who} ends after ${cover.name}`);
  }

  function outcomeOf(who: string, note: Note, span: ReadableSpan): void {
    const { attributes, status } = span;
    if (note.kind === 'handoff') return;
    const failed = note.outcome === 'failed';
    expectSame(`${who}: status`, status.code, failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
    const exceptions = span.events.filter(({ name }) => name === 'exception').length;
    expectSame(`${who}: exceptions`, exceptions, failed ? 1 : 0);
    if (note.kind === 'session') {
      expectSame(`${who}: status`, attributes['baton.session.status'], said(note.outcome));
      expectSame(`${who}: handoffs`, attributes['baton.handoff.count'], note.handoffs);
      const ran = notes.filter(({ kind, root }) => kind === 'run' && root === note).map(({ agent }) => agent);
      expectSame(`${who}: agents`, attributes['baton.agents'], [...new Set(ran)]);
    } else if (note.kind === 'run') {
      expectSame(`${who}: status`, attributes['baton.run.status'], said(note.outcome));
      expectSame(`${who}: tokens`, attributes['gen_ai.usage.input_tokens'], note.tokens || undefined);
      expectSame(`${who}: handoff`, attributes['baton.handoff.status'], note.lastWord || undefined);
    } else {
      expectSame(`${who}: abandoned`, attributes['baton.abandoned'], note.outcome === 'abandoned' || undefined);
      expectSame(`${who}: cancelled`, attributes['baton.cancelled'], note.outcome === 'cancelled' || undefined);
    }
  }

  function handoffOf(who: string, note: Note, span: ReadableSpan): void {
    const { attributes, status } = span;
    expectSame(`${who}: status`, attributes['baton.handoff.status'], note.firstWord);
    expectSame(`${who}: mode`, attributes['baton.handoff.mode'], note.mode ?? 'return_to_caller');
    expectSame(`${who}: target`, attributes['baton.handoff.target'], note.target);
    const failed = note.firstWord === 'failed';
    expectSame(`${who}: error`, status.code, failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
    const mine = answers.filter(({ attributes: given }) => given['baton.handoff.id'] === note.id);
    expectSame(
      `${who}: answer`,
      mine.map((answer) => [
        answer.name,
        answer.parentSpanContext?.spanId,
        answer.attributes['baton.run.id'],
        answer.attributes['baton.agent.key'],
        answer.attributes['session.id'],
        answer.attributes['baton.handoff.status'],
      ]),
      note.tries.map((receiver) => {
        const firstWord = receiver.firstWord || 'accepted';
        return [
          `${VERBS[firstWord]}_handoff ${note.agent}`,
          span.spanContext().spanId,
          receiver.id,
          receiver.agent,
          note.root.sessionId,
          firstWord,
        ];
      }),
    );
    for (const answer of mine) {
      const [start, end] = [micros(answer.startTime), micros(answer.endTime)];
      if (end - start < 1) problems.push(`${who}: the answer lasts ${end - start} µs`);
      const waited = answer.attributes['baton.handoff.wait_ms'];
      if (answer === mine[0] && !Number.isInteger(waited)) problems.push(`${who}: no whole wait_ms`);
    }
  }

  // One root for each trace, and it is a session or a run outside any.
  const roots = new Map<string, string[]>();
  for (const span of spans) {
    const { traceId } = span.spanContext();
    const list = roots.get(traceId) ?? [];
    if (!span.parentSpanContext) list.push(span.name);
    roots.set(traceId, list);
  }
  for (const [traceId, names] of roots) {
    if (names.length !== 1) problems.push(`trace ${traceId} has the roots ${names.join(', ')}`);
  }
  return problems;
}

/** Where the replay of the spans comes to another path, loop or statistics than the sessions themselves. */
export function disagreements(
  handoffs: ReadonlyMap<string, SessionHandoffs>,
  spans: readonly ReadableSpan[],
): string[] {
  const timelines = new Map(buildTimelines(readFinishedSpans(spans)).map((timeline) => [timeline.id, timeline]));
  return [...handoffs].flatMap(([id, live]) => {
    const { totalHandoffs, path, agents, byStatus, loop } = live.statistics();
    const told = timelines.get(id)?.statistics;
    const replayed = told && {
      totalHandoffs: told.count,
      path: told.chains.map((chain) => chain.map(({ key }) => key).join(' → ')).join(', '),
      agents: told.agents.map(({ key }) => key),
      byStatus: Object.entries(told.byStatus).sort(),
      loop: told.loop,
    };
    const lived = { totalHandoffs, path, agents, byStatus: Object.entries(byStatus).sort(), loop };
    const [one, other] = [JSON.stringify(lived), JSON.stringify(replayed)];
    return one === other ? [] : [`${id} says ${one}, its replay ${other}`];
  });
}
