import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';

/** One way of using a client, as `programs/clients/play.mjs` played it. */
export interface Played {
  readonly way: string;
  /** What the app saw, in order: values, errors, what nobody handled. */
  readonly seen: readonly string[];
  /** The own members of what each call gave, at the end. */
  readonly left: readonly (readonly string[])[];
  readonly calls: readonly Times[];
  /** How many of the calls had ended when the app had its answers, and their session was still open. */
  readonly toldSoFar: number;
  readonly otlp: string;
}

/** In milliseconds of the epoch: when the callback gave its result, or its promise settled, and when the app had its answer. */
interface Times {
  readonly given: number;
  readonly answered: number;
  readonly isPromise: boolean;
}

/** A call is a run with a model call in it. */
const RUN = 'invoke_agent caller';
const CALL = 'chat m';
/** Answers take longer than this after what stands for them was given; what takes less is given with its answer. */
const SHORTEST_ANSWER = 30;

/**
 * A line for each call of each way: what its run says, when it ended, and what else was recorded inside and outside of it. What is not
 * as it must be for all of them stands there, too: a place in the tree, members that were left on the object.
 */
export function table(played: readonly Played[], without: readonly Played[]): string {
  const lines = played.flatMap((each, index) => {
    const spans = spansOf(each);
    const runs = spans.filter(({ name }) => name === RUN);
    return each.calls.map((times, call) => {
      const said = describe(runs[call], spans, times);
      const isTold = said.includes('with the answer');
      const left = String(each.left[call]) === String(without[index]?.left[call]) || !isTold || /until/.test(each.way);
      if (isTold && each.toldSoFar === 0) return `${each.way}: ended with its session`;
      return `${each.way}: ${said}${left ? '' : `, and left ${each.left[call]}`}`;
    });
  });
  return `${lines.join('\n')}\n`;
}

function describe(run: RecordedSpan | undefined, spans: readonly RecordedSpan[], times: Times): string {
  const call = spans.find(({ name, parentSpanId }) => name === CALL && parentSpanId === run?.spanId);
  if (!run || !call) return 'not recorded';
  const status = String(run.attributes['baton.run.status']);
  const isNoMoment = status === 'abandoned';
  const outer = isNoMoment ? '' : ` ${when(run, times)}`;
  const inner = isNoMoment ? '' : ` ${when(call, times)}`;
  const failed = call.status.code === 'error' ? ', an error' : '';
  const inside = names(spans.filter((span) => isBelow(span, call, spans)));
  const place = /^invoke_workflow pipeline(\/invoke_agent app)?$/.test(pathOf(run, spans))
    ? ''
    : `, below ${pathOf(run, spans)}`;
  const outside = namesOutside(spans);
  return [
    status,
    outer,
    inner === outer ? '' : `, the inner one${inner}`,
    failed,
    inside.length > 0 ? `; inside: ${inside.join(', ')}` : '',
    outside.length > 0 ? `; outside: ${outside.join(', ')}` : '',
    place,
  ].join('');
}

/** Which of the two moments the end of a span is at. */
function when({ endUnixNano }: RecordedSpan, { isPromise, given, answered }: Times): string {
  const ended = Number(endUnixNano / 1000n) / 1000;
  const gap = answered - given;
  const isAnswer = gap > SHORTEST_ANSWER && Math.abs(ended - answered) < Math.abs(ended - given);
  return isAnswer ? 'with the answer' : isPromise ? 'when it settled' : 'when given';
}

/** The names of the spans that neither Baton made nor a call has in it. */
export function wentOutside(played: Played): readonly string[] {
  return namesOutside(spansOf(played));
}

/** The names of all spans. */
export function recordedOf(played: Played): readonly string[] {
  return names(spansOf(played));
}

/** In an order that does not depend on a millisecond. */
function names(spans: readonly RecordedSpan[]): string[] {
  return spans.map(({ name }) => name).sort();
}

function namesOutside(spans: readonly RecordedSpan[]): string[] {
  const ours = new Set(spans.filter(({ name }) => /^(invoke_|chat )/.test(name)));
  const calls = spans.filter(({ name }) => name === CALL);
  return names(spans.filter((span) => !ours.has(span) && !calls.some((call) => isBelow(span, call, spans))));
}

function spansOf({ otlp }: Played): readonly RecordedSpan[] {
  return [...readOtlpJson(otlp).spans].sort((a, b) => Number(a.startUnixNano - b.startUnixNano));
}

function parentOf(span: RecordedSpan, spans: readonly RecordedSpan[]): RecordedSpan | undefined {
  return spans.find(({ spanId }) => spanId === span.parentSpanId);
}

function isBelow(span: RecordedSpan, above: RecordedSpan, spans: readonly RecordedSpan[]): boolean {
  const parent = parentOf(span, spans);
  return parent !== undefined && (parent === above || isBelow(parent, above, spans));
}

function pathOf(span: RecordedSpan, spans: readonly RecordedSpan[]): string {
  const parent = parentOf(span, spans);
  if (!parent) return '';
  const above = pathOf(parent, spans);
  return above ? `${above}/${parent.name}` : parent.name;
}
