import {
  ATTR_HANDOFF_ID,
  ATTR_HANDOFF_STATUS,
  ATTR_LINK_TYPE,
  ATTR_RUN_ID,
  EVENT_HANDOFF_ACCEPTED,
  EVENT_HANDOFF_COMPLETED,
  EVENT_HANDOFF_FAILED,
  EVENT_HANDOFF_REJECTED,
  EVENT_HANDOFF_RETURNED,
} from '../attributes.ts';
import { readText } from './attribute-reader.ts';
import { clockOf } from './clock-skew.ts';
import {
  compareBigint,
  idOfSpan,
  type RecordedAttributes,
  type RecordedLink,
  type RecordedSpan,
  spanKey,
  spanKeyOfId,
} from './span.ts';
import { type SpanRole, spanRole } from './span-role.ts';

/** What was recorded of one handoff. At least one piece is there. */
export interface HandoffPieces {
  readonly id: string;
  /** The PRODUCER span. */
  readonly request?: RecordedSpan | undefined;
  /** Oldest first; each told once. */
  readonly answers: readonly AnswerPiece[];
  /** The run that picked it up, and the first of them where it was tried several times. */
  readonly run?: RecordedSpan | undefined;
  /** All that picked it up, oldest first. */
  readonly runs: readonly RecordedSpan[];
}

/** The first answer is a CONSUMER span; what follows on it is an event of the run that took over. */
export interface AnswerPiece {
  readonly status: string;
  readonly timeUnixNano: bigint;
  readonly attributes: RecordedAttributes;
  /** The CONSUMER span, or the run that bears the event. */
  readonly span: RecordedSpan;
  /** The run that said it, where it is one of those that picked it up: the others report. */
  readonly by: RecordedSpan | undefined;
}

interface Draft {
  readonly id: string;
  request?: RecordedSpan | undefined;
  readonly answers: Omit<AnswerPiece, 'by'>[];
  readonly runs: RecordedSpan[];
}

const STATUS_OF_EVENT: ReadonlyMap<string, string> = new Map([
  [EVENT_HANDOFF_ACCEPTED, 'accepted'],
  [EVENT_HANDOFF_COMPLETED, 'completed'],
  [EVENT_HANDOFF_REJECTED, 'rejected'],
  [EVENT_HANDOFF_RETURNED, 'returned'],
  [EVENT_HANDOFF_FAILED, 'failed'],
]);

/**
 * Puts the pieces of each handoff together: by the link of the run, by the id that every piece bears, by the parent of
 * the answer. An id names a span, so all three come down to the place of the request.
 *
 * @param members - the spans of one session, oldest first
 * @param others - agents of frameworks, which took over by no handoff of ours
 */
export function collectHandoffs(
  members: readonly RecordedSpan[],
  others: ReadonlySet<RecordedSpan> = new Set(),
): HandoffPieces[] {
  const drafts = new Drafts();
  const withRole = (role: SpanRole) => members.filter((span) => spanRole(span) === role);
  const runs = withRole('run').filter((run) => !others.has(run));
  const runByKey = new Map<string | undefined, RecordedSpan>(runs.map((run) => [spanKey(run), run]));

  for (const span of withRole('handoff')) drafts.addRequest(span);
  for (const run of runs) {
    for (const draft of drafts.ofRun(run)) draft.runs.push(run);
  }
  for (const span of withRole('handoff-answer')) {
    const { attributes, startUnixNano: timeUnixNano } = span;
    const draft = drafts.ofAnswer(span);
    draft.answers.push({
      status: readText(attributes, ATTR_HANDOFF_STATUS) ?? 'accepted',
      timeUnixNano,
      attributes,
      span,
    });
    // Whoever asked may report for somebody who has no run.
    const run = runByKey.get(spanKeyOfId(readText(attributes, ATTR_RUN_ID)));
    if (run && draft.runs.length === 0 && run !== sourceOf(draft.request, runByKey)) draft.runs.push(run);
  }
  for (const span of runs) {
    for (const { name, timeUnixNano, attributes } of span.events) {
      const status = STATUS_OF_EVENT.get(name);
      const id = readText(attributes, ATTR_HANDOFF_ID) ?? readText(span.attributes, ATTR_HANDOFF_ID);
      if (status && id) drafts.byId(id).answers.push({ status, timeUnixNano, attributes, span });
    }
  }
  return drafts.all.map((draft) => ({
    ...draft,
    run: draft.runs[0],
    answers: distinctAnswers(draft, runByKey),
  }));
}

/** The run that asked. */
function sourceOf(
  request: RecordedSpan | undefined,
  runByKey: ReadonlyMap<string | undefined, RecordedSpan>,
): RecordedSpan | undefined {
  return request && runByKey.get(spanKeyOfId(readText(request.attributes, ATTR_RUN_ID)));
}

/**
 * An answer is told in several places: its own span says most, then the run that took over, then who reports it. Each try has
 * answers of its own; a report that says what the last answer said is that answer.
 */
function distinctAnswers(
  { answers, runs }: Draft,
  runByKey: ReadonlyMap<string | undefined, RecordedSpan>,
): AnswerPiece[] {
  const tries = new Set(runs);
  const whoSaid = ({ span, timeUnixNano }: Omit<AnswerPiece, 'by'>): RecordedSpan | undefined => {
    const id = readText(span.attributes, ATTR_RUN_ID);
    const [first] = runs;
    // An answer that names no run is that of the only one there was.
    const isOnly = id === undefined && runs.length === 1 && first && first.startUnixNano <= timeUnixNano;
    const run = span.kind === 'consumer' ? (isOnly ? first : runByKey.get(spanKeyOfId(id))) : span;
    return run && tries.has(run) ? run : undefined;
  };
  const all = answers.map((answer) => ({ ...answer, by: whoSaid(answer) }));
  const isSpan = ({ span }: AnswerPiece): number => (span.kind === 'consumer' ? 0 : 1);
  const ofTries = new Map<RecordedSpan, Map<string, AnswerPiece>>();
  for (const answer of all.toSorted((one, other) => isSpan(one) - isSpan(other))) {
    if (!answer.by) continue;
    const ofTry = ofTries.get(answer.by) ?? new Map<string, AnswerPiece>();
    ofTries.set(answer.by, ofTry);
    if (!ofTry.has(answer.status)) ofTry.set(answer.status, answer);
  }
  const told: AnswerPiece[] = [];
  const reports = all.filter(({ by }) => !by);
  const inOrder = [...[...ofTries.values()].flatMap((ofTry) => [...ofTry.values()]), ...reports].sort(
    (one, other) => compareBigint(one.timeUnixNano, other.timeUnixNano) || isSpan(one) - isSpan(other),
  );
  let lastTry: ReadonlyMap<string, AnswerPiece> | undefined;
  for (const answer of inOrder) {
    const last = told.at(-1);
    const isSame = last?.status === answer.status;
    if (answer.by) lastTry = ofTries.get(answer.by);
    if (!isReport(answer)) {
      // The clock of who reports may be ahead. By one clock, what was said before the try began is of another one.
      if (isSame && isReport(last) && !isBefore(last, answer.by)) told.pop();
      told.push(answer);
    } else if (!isSame && !saidBefore(lastTry?.get(answer.status), answer)) told.push(answer);
  }
  return told;
}

/** Somebody tells what somebody else has said: an event of a run that had not picked it up. */
function isReport({ by, span }: AnswerPiece): boolean {
  return by === undefined && span.kind !== 'consumer';
}

function isBefore({ span, timeUnixNano }: AnswerPiece, run: RecordedSpan | undefined): boolean {
  return run !== undefined && timeUnixNano < run.startUnixNano && clockOf(span.resource) === clockOf(run.resource);
}

function saidBefore(said: AnswerPiece | undefined, report: AnswerPiece): boolean {
  return said !== undefined && said.timeUnixNano <= report.timeUnixNano;
}

class Drafts {
  readonly all: Draft[] = [];
  readonly #byKey = new Map<string, Draft>();

  addRequest(span: RecordedSpan): void {
    const id = readText(span.attributes, ATTR_HANDOFF_ID) ?? idOfSpan(span);
    const known = this.#byKey.get(keyOf(id));
    const draft = known?.request === undefined ? this.byId(id) : this.#add({ id, answers: [], runs: [] });
    draft.request = span;
    this.#byKey.set(spanKey(span), draft);
  }

  ofRun(run: RecordedSpan): Draft[] {
    const linked = run.links.flatMap((link) => this.#ofLink(link) ?? []);
    const id = readText(run.attributes, ATTR_HANDOFF_ID);
    return linked.length > 0 || id === undefined ? linked : [this.byId(id)];
  }

  ofAnswer({ traceId, parentSpanId, attributes }: RecordedSpan): Draft {
    const id = readText(attributes, ATTR_HANDOFF_ID) ?? '';
    const parent = parentSpanId === undefined ? '' : spanKey({ traceId, spanId: parentSpanId });
    return this.#byKey.get(keyOf(id)) ?? this.#byKey.get(parent) ?? this.byId(id);
  }

  /** Some backends lose the attributes of links: a link to a known request needs none. */
  #ofLink(link: RecordedLink): Draft | undefined {
    const type = readText(link.attributes, ATTR_LINK_TYPE);
    if (type !== undefined && type !== 'handoff') return undefined;
    const known = this.#byKey.get(spanKey(link));
    return known || type === undefined
      ? known
      : this.byId(readText(link.attributes, ATTR_HANDOFF_ID) ?? idOfSpan(link));
  }

  byId(id: string): Draft {
    const known = this.#byKey.get(keyOf(id));
    if (known) return known;
    const draft = this.#add({ id, answers: [], runs: [] });
    this.#byKey.set(keyOf(id), draft);
    return draft;
  }

  #add(draft: Draft): Draft {
    this.all.push(draft);
    return draft;
  }
}

function keyOf(id: string): string {
  return spanKeyOfId(id) ?? id;
}
