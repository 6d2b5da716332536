import { afterEach, expect, it } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { Baton, type Handoff, type Run, type Session } from '../../src/index.ts';
import { Recording } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

// Two clients hand work to each other by carriers, in any order: requests, pick-ups, answers and reports, some twice, some
// never, some after everything has ended. All have the same agents' names, so that nothing but an id can pair them. A carrier
// that comes again is a new try, but for two at once.

/** `FC_RUNS=5000 npm test -- test/properties` looks harder. */
const RUNS = Number(process.env.FC_RUNS ?? 200);
const SESSIONS = ['S-0', 'S-1', 'S-2'] as const;
const WORDS = ['Completed', 'Rejected', 'Returned', 'Failed'] as const;
/** What may happen to people: a carrier that is used twice at once, an answer after the last word. */
const DOCUMENTED = ['handoff_already_answered', 'handoff_already_picked_up'];

type Word = (typeof WORDS)[number];

const which = fc.nat(30);
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), session: fc.nat(2), run: which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pick up' as const), handoff: which, client: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('answer' as const), run: which, word: fc.constantFrom(...WORDS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('report' as const), handoff: which, word: fc.constantFrom(...WORDS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end run' as const), run: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end session' as const), session: fc.nat(2) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const recording = new Recording();

afterEach(async () => {
  await recording.stop();
});

/** Plays the commands, and says what is wrong with what came of them. */
class Play {
  readonly #clients = [new Baton({ agent: 'desk' }), new Baton({ agent: 'desk' })] as const;
  readonly #sessions: readonly Session[] = SESSIONS.map((id) => this.#clients[0].startSession({ id }));
  readonly #over = new Set<string>();
  readonly #runs: { readonly run: Run; readonly client: Baton; readonly isSource: boolean; open: boolean }[] = [];
  readonly #handoffs: { readonly handoff: Handoff; readonly carrier: string; readonly session: string }[] = [];
  /** Who came with the carrier of a handoff while nobody else was at work on it. */
  readonly #tries = new Map<string, { readonly run: Run; open: boolean }[]>();
  #comeAtOnce = 0;

  play(commands: readonly Command[]): void {
    for (const one of commands) this.#obey(one);
    for (const entry of this.#runs) entry.run.end();
    for (const session of this.#sessions) session.end();
  }

  #obey(command: Command): void {
    if (command.do === 'ask') this.#ask(command.session, command.run);
    else if (command.do === 'pick up') this.#pickUp(command.handoff, command.client);
    else if (command.do === 'answer') this.#answer(command.run, command.word);
    else if (command.do === 'report') this.#report(command.handoff, command.word);
    else if (command.do === 'end run') this.#endRun(command.run);
    else this.#endSession(command.session);
  }

  #report(which: number, word: Word): void {
    const asked = this.#at(this.#handoffs, which);
    if (!asked) return;
    const { handoff, session: sessionId } = asked;
    this.#clients[0][`trackHandoff${word}`]({ handoffId: handoff.id, sessionId });
  }

  #endRun(which: number): void {
    const entry = this.#at(this.#runs, which);
    if (!entry) return;
    entry.open = false;
    entry.run.end();
  }

  #endSession(index: number): void {
    this.#over.add(SESSIONS[index] ?? '');
    this.#sessions[index]?.end();
  }

  /** An open run of the session asks; where there is none, a new one. */
  #ask(index: number, which: number): void {
    const session = this.#sessions[index] as Session;
    if (this.#over.has(session.id)) return;
    const open = this.#runs.filter(({ run, open }) => open && run.sessionId === session.id);
    let source = this.#at(open, which);
    if (!source) {
      const client = this.#clients[0];
      // Named by an id that nobody has, so that it takes over nothing.
      source = { run: client.startRun({ sessionId: session.id, agent: 'source' }), client, isSource: true, open: true };
      this.#runs.push(source);
    }
    const handoff = source.client.trackHandoffRequested({
      sourceRunId: source.run.id,
      target: 'desk',
      ...(which % 3 === 0 ? {} : { mode: which % 3 === 1 ? 'pass_control' : 'return_to_caller' }),
    });
    this.#handoffs.push({ handoff, carrier: JSON.stringify(handoff.carrier()), session: session.id });
  }

  #pickUp(which: number, client: number): void {
    const asked = this.#at(this.#handoffs, which);
    if (!asked) return;
    const { id } = asked.handoff;
    const tries = this.#tries.get(id) ?? [];
    this.#tries.set(id, tries);
    // Once its session is over, nobody here knows who is at work on it, as in another process.
    const isTaken = !this.#over.has(asked.session) && tries.at(-1)?.open === true;
    const baton = this.#clients[client] as Baton;
    const run = baton.startRun({ carrier: JSON.parse(asked.carrier) });
    const entry = { run, client: baton, isSource: false, open: true };
    this.#runs.push(entry);
    if (isTaken) this.#comeAtOnce++;
    else tries.push(entry);
  }

  /** Also those who came with a carrier for the second time say something. */
  #answer(which: number, word: Word): void {
    const entry = this.#at(
      this.#runs.filter(({ open, isSource }) => open && !isSource),
      which,
    );
    entry?.run.within(() => entry.client[`trackHandoff${word}`]());
  }

  #at<T>(list: readonly T[], which: number): T | undefined {
    return list[which % Math.max(1, list.length)];
  }

  problems(spans: readonly ReadableSpan[]): string[] {
    const problems: string[] = [];
    const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
    const sessionOf = (span: ReadableSpan): unknown => span.attributes['session.id'];
    for (const span of spans) {
      const parent = byId.get(span.parentSpanContext?.spanId ?? '');
      if (parent && sessionOf(parent) !== sessionOf(span)) problems.push(`${span.name} is below another session`);
      for (const { context } of span.links) {
        const linked = byId.get(context.spanId);
        if (linked && linked === parent) problems.push(`${span.name} links to its own parent`);
        if (linked && sessionOf(linked) !== sessionOf(span)) problems.push(`${span.name} links to another session`);
      }
    }
    for (const { handoff, session } of this.#handoffs) {
      const runs = spans.filter(({ links }) => links.some(({ attributes }) => isOf(attributes, handoff.id)));
      const got = runs.map(({ attributes }) => attributes['baton.run.id']);
      const expected = (this.#tries.get(handoff.id) ?? []).map(({ run }) => run.id);
      if (String(got.sort()) !== String(expected.sort())) {
        problems.push(`${handoff.id} was picked up by ${got}, not by ${expected}`);
      }
      const answers = spans.filter(
        ({ kind, attributes }) => kind === 4 && attributes['baton.handoff.id'] === handoff.id,
      );
      const accepted = answers.filter(({ attributes }) => attributes['baton.handoff.status'] === 'accepted');
      const acceptedBy = accepted.map(({ attributes }) => attributes['baton.run.id']);
      if (new Set(acceptedBy).size < accepted.length) problems.push(`${handoff.id} was accepted twice in one try`);
      if (answers.some((span) => sessionOf(span) !== session)) problems.push(`${handoff.id} is answered elsewhere`);
    }
    const warnings = this.#clients.map((client) => client.warnings());
    for (const code of warnings.flatMap((counts) => Object.keys(counts))) {
      if (!DOCUMENTED.includes(code)) problems.push(`warned about ${code}`);
    }
    const told = warnings.reduce((sum, { handoff_already_picked_up: count = 0 }) => sum + count, 0);
    if (told !== this.#comeAtOnce) problems.push(`${told} warnings for ${this.#comeAtOnce} carriers used at once`);
    return problems;
  }
}

function isOf(attributes: ReadableSpan['attributes'] | undefined, handoffId: string): boolean {
  return attributes?.['baton.link.type'] === 'handoff' && attributes['baton.handoff.id'] === handoffId;
}

it('carriers pair what belongs together, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      await recording.startAgain();
      const play = new Play();
      play.play(commands);
      expect(play.problems(recording.spans())).toEqual([]);
      for (const open of [registry.sessions, registry.runs, registry.handoffs]) {
        expect(open.size).toBe(0);
        open.clear();
      }
    }),
    { numRuns: RUNS },
  );
});
