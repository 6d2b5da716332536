import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Baton, type Handoff, type HandoffMode, type Run, type Session } from '../../src/index.ts';
import { buildTimelines, readFinishedSpans } from '../../src/replay.ts';
import { recordEachTest } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

// The tables of docs/span-model.md, walked through cell by cell: each cell is played, and what comes of it is held against
// what the page says.

const PAGE = readFileSync('docs/span-model.md', 'utf8');
const MODES = ['return_to_caller', 'pass_control'] as const;
const WORDS = ['accept', 'complete', 'reject', 'return', 'fail'] as const;
type Word = (typeof WORDS)[number];

const TRACK = {
  accept: 'trackHandoffAccepted',
  complete: 'trackHandoffCompleted',
  reject: 'trackHandoffRejected',
  return: 'trackHandoffReturned',
  fail: 'trackHandoffFailed',
} as const;

/** The rows of the table below a sentence, each by the names of its columns. */
function tableBelow(sentence: string): readonly Readonly<Record<string, string>>[] {
  const lines = PAGE.slice(PAGE.indexOf(sentence)).split('\n');
  const from = lines.findIndex((line) => line.startsWith('|'));
  const to = lines.findIndex((line, index) => index > from && !line.startsWith('|'));
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head = '', , ...rows] = lines.slice(from, to);
  return rows.map((row) => Object.fromEntries(cells(head).map((name, index) => [name, cells(row)[index] ?? ''])));
}

class Reader extends MetricReader {
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

let baton: Baton;
let reader: Reader;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['Date', 'performance', 'hrtime', 'nextTick', 'queueMicrotask', 'setImmediate'] });
  reader = new Reader();
  baton = new Baton({ agent: 'triage', meterProvider: new MeterProvider({ readers: [reader] }) });
});

afterEach(async () => {
  jest.runAllTimers();
  jest.useRealTimers();
  await baton.shutdown();
  for (const open of [registry.sessions, registry.runs, registry.handoffs]) open.clear();
});

// Stops after the client has.
const recording = recordEachTest();

const DEADLINE_MS = 1_000;

/** A handoff of this process, and everybody who has to do with it. */
class Here {
  readonly session: Session = baton.startSession({ id: 'ticket' });
  readonly source: Run = baton.startRun({ sessionId: 'ticket', agent: 'triage' });
  readonly handoff: Handoff;
  receiver: Run | undefined;
  /** Who may answer by the id alone. */
  readonly desk: Run = baton.startRun({ sessionId: 'ticket', agent: 'desk' });

  constructor(mode: HandoffMode, target: object | string = 'billing') {
    this.handoff = baton.trackHandoffRequested({
      sourceRunId: this.source.id,
      target: target as string,
      mode,
      expiresInMs: DEADLINE_MS,
    });
  }

  pickUp(by: 'id' | 'carrier' = 'id'): Run {
    const named = by === 'id' ? { handoffId: this.handoff.id } : { carrier: this.handoff.carrier() };
    return baton.startRun({ sessionId: 'ticket', agent: 'billing', ...named });
  }

  say(word: Word): void {
    if (this.receiver) baton[TRACK[word]]({ runId: this.receiver.id });
    else baton[TRACK[word]]({ runId: this.desk.id, handoffId: this.handoff.id });
  }

  passDeadline(): void {
    jest.advanceTimersByTime(DEADLINE_MS + 1);
  }

  /** Brings it to where the row begins. */
  reach(state: string): void {
    if (state === 'expired') this.passDeadline();
    if (state === 'overdue') {
      this.handoff.carrier();
      this.passDeadline();
    }
    if (state === 'unanswered') this.source.end();
    const words: Readonly<Record<string, readonly Word[]>> = {
      'picked up': [],
      accepted: ['accept'],
      completed: ['accept', 'complete'],
      rejected: ['reject'],
      returned: ['return'],
      failed: ['fail'],
    };
    const said = words[state];
    if (!said) return;
    this.receiver = this.pickUp();
    for (const word of said) this.say(word);
  }

  /** Does what the column says; whoever picks it up may be new. */
  do(event: string): Run | undefined {
    if (event === 'picked up') return this.pickUp();
    if ((WORDS as readonly string[]).includes(event)) this.say(event as Word);
    else if (event === 'its run ends') this.receiver?.end();
    else if (event === 'deadline') this.passDeadline();
    else if (event.startsWith('source ends')) this.source.end();
    else this.session.end();
    return undefined;
  }

  /** Where it is now, in the words of the page. */
  state(comer?: Run): string {
    const [{ status } = { status: 'none' }] = [...this.session.handoffs];
    if (status !== 'requested') return status;
    if (comer?.handoff?.id === this.handoff.id || this.receiver) return 'picked up';
    const span = recording.spans().find(({ kind }) => kind === SpanKind.PRODUCER);
    if (span) return 'unanswered';
    return event(this.source, 'baton.handoff.deadline_passed') ? 'overdue' : 'requested';
  }
}

/** The SDK's own span of a run, while it is open. */
function spanOf(run: Run): ReadableSpan {
  return (run as unknown as { span: ReadableSpan }).span;
}

function event(run: Run, name: string): boolean {
  return spanOf(run).events.some((each) => each.name === name);
}

function warned(before: object): string | undefined {
  const counts = Object.entries(baton.warnings());
  return counts.find(([code, count]) => count !== (before as Record<string, number>)[code])?.[0];
}

describe('in the process that asked', () => {
  const rows = tableBelow('In the process that asked, while the session is open');
  const cells = rows.flatMap(({ state = '', ...columns }) =>
    Object.entries(columns).flatMap(([column, cell]) =>
      MODES.filter((mode) => {
        if (cell === '·') return false;
        // A wait ends with its source only where the app said that it waits.
        if (state === 'unanswered' || column === 'source ends, it waits') return mode === 'return_to_caller';
        return column !== 'source ends, it passed control' || mode === 'pass_control';
      }).map((mode) => [state, column, mode, cell] as const),
    ),
  );

  it('has a row for each state, and a column for each event', () => {
    expect([rows.length, Object.keys(rows[0] ?? {}).length]).toEqual([10, 12]);
    expect(cells.length).toBeGreaterThan(150);
  });

  it.each(cells)('%s, then %s (%s): %s', (state, column, mode, cell) => {
    const here = new Here(mode);
    here.reach(state);
    expect([here.state(), baton.warnings()]).toEqual([state, {}]);
    const comer = here.do(column);
    const code = warned({});
    const isCode = cell.startsWith('`');
    expect(code).toBe(isCode ? cell.slice(1, -1) : undefined);
    expect(here.state(isCode ? undefined : comer)).toBe(isCode || cell === '=' ? state : cell);
  });
});

describe('a new try', () => {
  const rows = tableBelow('When the run that had picked it up has ended');
  const ends: Readonly<Record<string, readonly (readonly [readonly Word[], boolean])[]>> = {
    'accepted, and the run completed': [
      [['accept'], true],
      [[], true],
    ],
    'completed, and the run completed': [[['accept', 'complete'], true]],
    'accepted, and the run failed': [
      [['accept'], false],
      [[], false],
    ],
    'rejected, returned or failed': [
      [['reject'], true],
      [['return'], true],
      [['fail'], true],
      [['fail'], false],
    ],
  };
  const cells = rows.flatMap((row) =>
    (ends[row['it ended'] ?? ''] ?? []).flatMap(([words, succeeds]) =>
      (['id', 'carrier'] as const).map((by) => {
        const cell = row[by === 'id' ? 'named by its id' : 'by its carrier'] ?? '';
        return [words.join(' ') || 'nothing', succeeds ? 'completed' : 'failed', by, cell] as const;
      }),
    ),
  );

  it('has a row for each way to end', () => {
    expect(rows.map((row) => row['it ended'])).toEqual(Object.keys(ends));
  });

  it.each(cells)('after %s, in a run that %s, by %s: %s', (words, outcome, by, cell) => {
    const here = new Here('return_to_caller');
    here.receiver = here.pickUp();
    for (const word of words === 'nothing' ? [] : words.split(' ')) here.say(word as Word);
    if (outcome === 'completed') here.receiver.end();
    else here.receiver.fail(new Error('503'));
    const again = here.pickUp(by);
    const links = spanOf(again).links.map(({ attributes }) => attributes?.['baton.link.type']);
    if (cell !== 'picked up') {
      expect([warned({}), links, again.handoff]).toEqual([cell.slice(1, -1), [], undefined]);
      return;
    }
    expect([baton.warnings(), links, again.handoff?.id]).toEqual([{}, ['handoff'], here.handoff.id]);
    again.handoff?.complete();
    expect([...here.session.handoffs].map(({ status }) => status)).toEqual(['completed']);
  });
});

const TRACE = '5b8efff798038103d269b633813fc60c';
let strangers = 0x10;

/** A handoff of another process: what is said of it here is remembered, so each is another one. */
function stranger(): string {
  strangers++;
  return `00-${TRACE}-${strangers.toString(16).padStart(16, 'e')}-01`;
}

describe('in another process', () => {
  const rows = tableBelow('In another process, and in the one that asked');
  const cells = rows.flatMap(({ state = '', ...columns }) =>
    Object.entries(columns)
      .filter(([, cell]) => cell !== '·')
      .flatMap(([column, cell]) =>
        (['never had it', 'asked, and its session is over'] as const).map(
          (process) => [process, state, column, cell] as const,
        ),
      ),
  );

  it('has a row for each state, and a column for each event', () => {
    expect([rows.length, Object.keys(rows[0] ?? {}).length]).toEqual([7, 8]);
    expect(cells.length).toBeGreaterThan(80);
  });

  it.each(cells)('that %s: %s, then %s: %s', (process, state, column, cell) => {
    let id = stranger();
    if (process !== 'never had it') {
      const here = new Here('pass_control');
      id = here.handoff.id;
      here.session.end();
    }
    const pickUp = (): Run => baton.startRun({ sessionId: 'ticket', agent: 'billing', handoffId: id });
    const desk = baton.startRun({ sessionId: 'ticket', agent: 'desk' });
    let receiver: Run | undefined;
    const say = (word: Word): void =>
      baton[TRACK[word]](receiver ? { runId: receiver.id } : { runId: desk.id, handoffId: id });
    const reach: Readonly<Record<string, readonly Word[]>> = {
      'picked up': [],
      accepted: ['accept'],
      completed: ['accept', 'complete'],
      rejected: ['reject'],
      returned: ['return'],
      failed: ['fail'],
    };
    if (reach[state]) receiver = pickUp();
    for (const word of reach[state] ?? []) say(word);

    let comer: Run | undefined;
    if (column === 'picked up') comer = pickUp();
    else if (column === 'its run ends') receiver?.end();
    else say(column as Word);
    const isCode = cell.startsWith('`');
    expect(warned({})).toBe(isCode ? cell.slice(1, -1) : undefined);
    const expected = isCode || cell === '=' ? state : cell;
    if (expected === 'picked up') {
      expect((comer ?? receiver)?.handoff?.id).toBe(id);
      // It has said nothing yet.
      comer?.handoff?.reject();
      expect(baton.warnings()).toEqual({});
      return;
    }
    for (const run of [receiver, desk]) run?.end();
    const told = buildTimelines(readFinishedSpans(recording.spans())).flatMap(({ handoffs }) => handoffs);
    expect(told.filter((handoff) => handoff.id === id).map(({ status }) => status)).toEqual([expected]);
  });
});

/** What is recorded, in the words of the page. */
interface Written {
  readonly handoff: readonly string[];
  readonly answers: readonly string[];
  readonly events: readonly string[];
  readonly marks: readonly string[];
  readonly metrics: readonly string[];
}

/** Everybody in a row, by the page's word for them. */
interface People {
  here: Here | undefined;
  run: Run | undefined;
}

function endedSpan(run: Run): ReadableSpan | undefined {
  const { spanId } = spanOf(run).spanContext();
  return recording.spans().find((span) => span.spanContext().spanId === spanId);
}

async function written({ here, run }: People): Promise<Written> {
  const people = [
    ['the run', run],
    ['the source', here?.source],
  ] as const;
  const spans = recording.spans();
  const whoIs = (id: unknown): string => people.find(([, one]) => one && one.id === id)?.[0] ?? 'nobody';
  const events: string[] = [];
  const marks: string[] = [];
  for (const [who, one] of people) {
    if (!one) continue;
    const span = endedSpan(one) ?? spanOf(one);
    events.push(...span.events.map(({ name }) => `${who}: ${name.replace('baton.handoff.', '')}`));
    const links = span.links.map(({ attributes }) => `link \`${attributes?.['baton.link.type']}\``);
    const bears = ['id', 'source', 'target'].filter((key) => span.attributes[`baton.handoff.${key}`] !== undefined);
    if (links.length + bears.length > 0) marks.push(`${who}: ${[...links, ...bears].join(', ')}`);
  }
  if (here && event(here.source, 'baton.handoff.deadline_passed')) marks.push('the handoff: overdue');
  const request = spans.find(({ kind }) => kind === SpanKind.PRODUCER);
  const asked = request ? [`ends, \`${request.attributes['baton.handoff.status']}\``] : [];
  return {
    handoff: here ? ['opens', ...asked] : [],
    answers: spans
      .filter(({ kind }) => kind === SpanKind.CONSUMER)
      .map(({ name, attributes }) => `\`${name.split(' ')[0]}\`, of ${whoIs(attributes['baton.run.id'])}`),
    events,
    marks,
    metrics: await counted(),
  };
}

async function counted(): Promise<string[]> {
  const words: Readonly<Record<string, string>> = {
    'baton.handoff.wait_duration': 'wait',
    'baton.handoffs': 'handoffs',
    'baton.received_handoffs': 'received',
  };
  const { resourceMetrics } = await reader.collect();
  const points = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
    metrics.flatMap(({ descriptor: { name }, dataPoints }) => dataPoints.map((point) => ({ name, ...point }))),
  );
  const told = points.flatMap(({ name, value, attributes }) => {
    const word = words[name];
    if (!word) return [];
    const count = typeof value === 'number' ? value : (value as { count: number }).count;
    return Array(count).fill(word === 'wait' ? word : `${word}: ${attributes['baton.handoff.status']}`);
  });
  // A wait comes before what came of it.
  return told.sort((one, other) => Number(other === 'wait') - Number(one === 'wait'));
}

/** What was not there before. */
function more(before: readonly string[], after: readonly string[]): string {
  const left = [...before];
  const added = after.filter((one) => {
    const index = left.indexOf(one);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  return added.join('; ');
}

type Act = (people: People) => void;

const asked: Act = (people) => {
  people.here = new Here('return_to_caller');
};
const pickedUp: Act = (people) => {
  asked(people);
  people.run = people.here?.pickUp();
};
const accepted: Act = (people) => {
  pickedUp(people);
  people.run?.handoff?.accept();
};
const elsewhere: Act = (people) => {
  const carrier = { traceparent: stranger(), 'baton-handoff': stranger(), 'baton-source': 'triage' };
  people.run = baton.startRun({ agent: 'billing', carrier });
};
const nothing: Act = () => {};
/** What somebody says who is in no run. */
const byId: Act = ({ here }) => baton.trackHandoffCompleted({ handoffId: here?.handoff.id ?? stranger() });
const reported: Act = ({ here }) =>
  here?.source.within(() => baton.trackHandoffCompleted({ handoffId: here.handoff.id }));

/** What comes before each row, what happens in it, and the word that the run bears from then on. */
const PLAYS: Readonly<Record<string, readonly [before: Act, act: Act, status?: string]>> = {
  'it is requested': [nothing, asked],
  'a run picks it up': [asked, (people) => (people.run = people.here?.pickUp())],
  'the run accepts': [pickedUp, ({ run }) => run?.handoff?.accept(), 'accepted'],
  'the run completes it': [accepted, ({ run }) => run?.handoff?.complete(), 'completed'],
  'the run ends after that': [
    (people) => {
      accepted(people);
      people.run?.handoff?.complete();
    },
    ({ run }) => run?.end(),
  ],
  'the run rejects it': [pickedUp, ({ run }) => run?.handoff?.reject(), 'rejected'],
  'the run returns it': [pickedUp, ({ run }) => run?.handoff?.return(), 'returned'],
  'the run fails it': [pickedUp, ({ run }) => run?.handoff?.fail(), 'failed'],
  'the run ends without a word': [pickedUp, ({ run }) => run?.end(), 'accepted'],
  'a second try accepts': [
    (people) => {
      accepted(people);
      people.run?.fail(new Error('503'));
      people.run = people.here?.pickUp();
    },
    ({ run }) => run?.handoff?.accept(),
    'accepted',
  ],
  'the source reports that an agent accepted': [asked, reported],
  'the source reports that a person accepted': [
    (people) => {
      people.here = new Here('return_to_caller', { kind: 'human', key: 'supervisor' });
    },
    reported,
  ],
  'somebody in no run accepts it by its id': [asked, byId],
  'somebody in no run completes it after that': [
    (people) => {
      asked(people);
      byId(people);
    },
    byId,
  ],
  'its deadline passes': [asked, ({ here }) => here?.passDeadline()],
  'its deadline passes, its carrier is away': [
    (people) => {
      asked(people);
      people.here?.handoff.carrier();
    },
    ({ here }) => here?.passDeadline(),
  ],
  'the source ends and waited for it': [asked, ({ here }) => here?.source.end()],
  'the session ends': [
    (people) => {
      people.here = new Here('pass_control');
    },
    ({ here }) => here?.session.end(),
  ],
  'elsewhere: a run picks it up': [nothing, elsewhere],
  'elsewhere: the run accepts': [elsewhere, ({ run }) => run?.handoff?.accept(), 'accepted'],
  'elsewhere: the run ends after that': [
    (people) => {
      elsewhere(people);
      people.run?.handoff?.accept();
    },
    ({ run }) => run?.end(),
  ],
  'elsewhere: somebody in no run accepts it by its id': [nothing, byId],
};

describe('who writes what', () => {
  const rows = tableBelow('Who writes what.');

  it('is told for each of these', () => {
    expect(rows.map((row) => row['what happens'])).toEqual(Object.keys(PLAYS));
  });

  it.each(rows.map((row) => [row['what happens'] ?? '', row] as const))('%s', async (what, row) => {
    const [before, act, status] = PLAYS[what] as (typeof PLAYS)[string];
    const people: People = { here: undefined, run: undefined };
    before(people);
    const then = await written(people);
    act(people);
    const now = await written(people);
    const { run } = people;
    const marks = [more(then.marks, now.marks)];
    if (status !== undefined) {
      run?.end();
      expect(run && endedSpan(run)?.attributes['baton.handoff.status']).toBe(status);
      marks.unshift('the run: status');
    }
    expect({
      'what happens': what,
      'handoff span (PRODUCER)': more(then.handoff, now.handoff),
      'answer span (CONSUMER)': more(then.answers, now.answers),
      event: more(then.events, now.events),
      'link and attributes': marks.filter(Boolean).join('; '),
      metric: more(then.metrics, now.metrics),
    }).toEqual(row);
    expect(baton.warnings()).toEqual({});
  });
});
