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

/** In milliseconds of the epoch. */
interface Times {
  /** When the callback had given its result, or its promise had settled. */
  readonly given: number;
  /** It is a promise that settled with what nobody reads later. */
  readonly isValue: boolean;
}

/** A call is a run with a model call in it. */
const RUN = 'invoke_agent caller';
const CALL = 'chat m';
/** Whatever ends when it was given, ends before the program notes that. An answer takes four times as long. */
const SHORTEST_ANSWER = 20;

/**
 * A line for each call of each way: what its run says, when it ended, and what else was recorded inside and outside of it. What is not
 * as it must be for all of them stands there, too: a place in the tree, members that were left on the object.
 */
export function table(played: readonly Played[], without: readonly Played[]): string {
  const lines = played.flatMap((each, index) => {
    const spans = spansOf(each);
    const runs = spans.filter(({ name }) => name === RUN);
    const said = each.calls.map((times, call) => describe(runs[call], spans, times));
    const ended = said.filter((text) => /with the answer|when it settled/.test(text)).length;
    const late = ended > each.toldSoFar ? ', told when the session ended' : '';
    return said.map((text, call) => {
      const isTold = text.includes('with the answer') && !each.way.includes('until');
      const isClean = !isTold || String(each.left[call]) === String(without[index]?.left[call]);
      return `${each.way}: ${text}${late}${isClean ? '' : `, and left ${each.left[call]}`}`;
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

/** What the end of a span is at. */
function when({ startUnixNano, endUnixNano }: RecordedSpan, { isValue, given }: Times): string {
  const [started, ended] = [startUnixNano, endUnixNano].map((nanos) => Number(nanos / 1000n) / 1000) as [
    number,
    number,
  ];
  if (isValue) return ended > (started + given) / 2 - SHORTEST_ANSWER ? 'when it settled' : 'before it settled';
  return ended > given + SHORTEST_ANSWER ? 'with the answer' : 'when given';
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
