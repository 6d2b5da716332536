import { afterEach, describe, expect, it } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { MOST_KEPT } from '../../src/by-id.ts';
import { Baton, type Run, type Scoped, type Session } from '../../src/index.ts';
import type { RecordedScope } from '../../src/scopes/scope.ts';
import { evictedRun } from '../../src/sessions/runs.ts';
import { Recording } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

// Programs that start and mostly do not end, in small bounds: in scopes of what is open, has ended or gave way, and by ids named
// from anywhere. Whatever gives way: each span ends once, hangs where it was put, and has the session that it was put in.

/** `FC_RUNS=5000 npm test -- test/properties` looks harder. */
const RUNS = Number(process.env.FC_RUNS ?? 200);

const which = fc.nat(30);
const where = fc.oneof(
  fc.record({ in: fc.constant('scope' as const), of: which }),
  fc.record({ in: fc.constant('id' as const), of: which, from: fc.option(which, { nil: undefined }) }),
  fc.record({ in: fc.constant('nothing' as const) }),
);
const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('session' as const), id: fc.nat(3), perRun: fc.boolean(), where }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('run' as const), where }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('piece' as const),
      kind: fc.constantFrom('tool' as const, 'step' as const, 'call' as const, 'approval' as const),
      where,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), of: which, failing: fc.boolean() }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
type Where = typeof where extends fc.Arbitrary<infer T> ? T : never;

interface Started {
  readonly handle: Scoped;
  readonly mark: string;
  /** The mark of what it hangs under; `undefined` where that is nothing of ours. */
  readonly parent: string | undefined;
  /** The mark of the run that it is, or is inside of. */
  readonly run: string | undefined;
  /** A session of its own, for what stands outside any. */
  readonly sessionId: string | undefined;
  /** The session of what starts inside: its id, or the mark of what made it up. */
  readonly inside: string;
  /** It names a run that the app has ended: it may be in a session of its own instead. */
  readonly isLate: boolean;
  /** It has no span until its end: what is inside stands on its own. */
  readonly isPerRun: boolean;
}

const recording = new Recording();
const open = Object.values(registry.open);

afterEach(async () => {
  await recording.stop();
  for (const each of open) each.limit = MOST_KEPT;
});

class Play {
  readonly baton = new Baton({ agent: 'app' });
  readonly started: Started[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  play(commands: readonly Command[]): void {
    for (const one of commands) {
      this.#obey(one);
      for (const each of open) expect(each.size).toBeLessThanOrEqual(this.#limit);
    }
  }

  #obey(one: Command): void {
    if (one.do === 'end') {
      const { handle } = this.#at(this.started, one.of) ?? {};
      if (one.failing) handle?.fail(new Error('on purpose'));
      else handle?.end();
      return;
    }
    const mark = `${this.started.length}`;
    const metadata = { mark };
    const start = (named: object): Scoped => {
      const { baton } = this;
      if (one.do === 'session') {
        return baton.startSession({ id: `s-${one.id}`, metadata, ...(one.perRun ? { trace: 'per-run' } : {}) });
      }
      if (one.do === 'run') return baton.startRun({ agent: 'a', metadata, ...named });
      if (one.kind === 'tool') return baton.startTool({ tool: 't', metadata, ...named });
      if (one.kind === 'step') return baton.startWorkflowStep({ stepKey: 's', metadata, ...named });
      if (one.kind === 'call') return baton.startLlmCall({ model: 'm', metadata, ...named });
      return baton.startApproval({ tool: 't', metadata, ...named });
    };
    const { handle, parent, sessionId, run, isLate = false } = this.#started(one, start);
    const isPerRun = one.do === 'session' && one.perRun;
    const inRun = one.do === 'session' ? undefined : one.do === 'run' ? mark : run;
    const inside = isLate ? mark : (sessionId ?? mark);
    this.started.push({ inside, handle, mark, parent, sessionId, run: inRun, isLate, isPerRun });
  }

  #started(
    one: Exclude<Command, { do: 'end' }>,
    start: (named: object) => Scoped,
  ): Pick<Started, 'handle' | 'parent' | 'sessionId' | 'run'> & { isLate?: boolean } {
    const at: Where = one.where;
    const own = one.do === 'session' ? `s-${one.id}` : undefined;
    const alone = { parent: undefined, sessionId: own, run: undefined };
    if (at.in === 'nothing') return { handle: start({}), ...alone };
    const around = this.#at(
      // An id is that of a run: only runs have one that names a place.
      at.in === 'id' ? this.started.filter(({ handle }) => isRun(handle)) : this.started,
      at.of,
    );
    if (!around) return { handle: start({}), ...alone };
    const placed = {
      parent: this.#placeOf(around),
      sessionId: own ?? around.inside,
      run: around.run,
    };
    if (at.in === 'scope') return { handle: around.handle.within(() => start({})), ...placed };
    // A session names no run: it stands where it is started.
    if (one.do === 'session') return { handle: start({}), ...alone };
    const { id } = around.handle as Run;
    const named = one.do === 'run' ? { parentRunId: id } : { runId: id };
    const from = at.from === undefined ? undefined : this.#at(this.started, at.from);
    const { ended } = around.handle as unknown as RecordedScope;
    const isLate = ended && !evictedRun(id) && from?.run !== around.mark;
    if (!from) return { handle: start(named), ...placed, isLate };
    // Inside that run it stands where it is started, in a step perhaps.
    const inIt = from.run === around.mark ? { parent: from.mark, sessionId: from.inside } : {};
    return { handle: from.handle.within(() => start(named)), ...placed, isLate, ...inIt };
  }

  /** Inside a per-run session the span around it is active. */
  #placeOf(around: Started): string | undefined {
    return around.isPerRun ? around.parent : around.mark;
  }

  #at<T>(list: readonly T[], which: number): T | undefined {
    return list[which % Math.max(1, list.length)];
  }

  problems(spans: readonly ReadableSpan[]): string[] {
    const problems: string[] = [];
    const byMark = new Map<string, ReadableSpan>();
    for (const span of spans) {
      const mark = String(span.attributes['baton.metadata.mark']);
      if (byMark.has(mark)) problems.push(`${mark} ended twice`);
      byMark.set(mark, span);
    }
    const sessionOf = (mark: string): unknown => byMark.get(mark)?.attributes['session.id'];
    const sessions = new Set<unknown>();
    for (const { mark, parent, sessionId, isLate } of this.started) {
      const span = byMark.get(mark);
      if (!span) {
        problems.push(`${mark} was never ended`);
        continue;
      }
      const got = span.parentSpanContext?.spanId;
      const expected = parent === undefined ? undefined : byMark.get(parent)?.spanContext().spanId;
      if (got !== expected) problems.push(`${mark} (${span.name}) hangs under ${got}, not under ${parent}`);
      // A mark stands for the session that what bears it made up.
      const session = sessionId?.startsWith('s-') || sessionId === undefined ? sessionId : sessionOf(sessionId);
      const isNew = !sessions.has(sessionOf(mark));
      sessions.add(sessionOf(mark));
      if (session !== undefined && sessionOf(mark) !== session && !(isLate && isNew)) {
        problems.push(`${mark} (${span.name}) is of session ${sessionOf(mark)}, not of ${session}`);
      }
    }
    return problems;
  }
}

function isRun(handle: Scoped): handle is Run {
  return 'setUsage' in handle && 'sessionId' in handle && !isSession(handle);
}

function isSession(handle: Scoped): handle is Session {
  return 'suspend' in handle && 'handoffs' in handle;
}

describe('in bounds that are much too small', () => {
  it('each span ends once, hangs where it was put, and is of the session that it was put in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (commands, limit) => {
          await recording.startAgain();
          for (const each of open) each.limit = limit;
          const play = new Play(limit);
          play.play(commands);
          await play.baton.shutdown();
          // What was forgotten ends as ever.
          for (const { handle } of [...play.started].reverse()) handle.end();
          expect(play.problems(recording.spans())).toEqual([]);
          const left = [...open, registry.sessions, registry.runs, registry.approvals].map(({ size }) => size);
          for (const byId of [registry.sessions, registry.runs, registry.approvals]) byId.clear();
          expect(left).toEqual([0, 0, 0, 0, 0, 0, 0]);
          const told = Object.keys(play.baton.warnings()).filter((code) => !EXPECTED.includes(code));
          expect(told).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);
});

/** Calls by the id of a run that was ended, and pieces outside any run, are misuse; all else is told as giving way. */
const EXPECTED = ['too_many_open', 'ended_run', 'no_run'];
