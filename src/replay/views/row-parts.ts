import { PREFIX_METADATA } from '../../attributes.ts';
import { printable } from '../../printable.ts';
import { valueText } from '../attribute-reader.ts';
import type { TimelineAttributes, TimelineDrops, TimelineError } from '../session-timeline.ts';
import { byKey, counted } from './amounts.ts';
import { DIM, displayWidth, type Fragment, HARD_SPACE, PLAIN, type StyledText, wrap, YELLOW } from './styled-text.ts';

/** What a row says. The view decides where it stands. */
export interface RowText {
  readonly label: StyledText;
  /** Short facts behind the label. */
  readonly tags: StyledText;
  /** Longer ones below it. */
  readonly details: readonly Detail[];
}

export interface Detail {
  readonly key: string;
  readonly value: StyledText;
}

/** Said elsewhere in the row, or longer than a row. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['session.id', 'exception.stacktrace']);

/** Between short facts. */
const SEPARATOR: Fragment = { text: ' · ', style: DIM, isGap: true };

/** Facts up to this width stay on one line; longer ones are texts and break at their spaces. */
const WHOLE_WIDTH = 30;

export function joinFacts(facts: StyledText): Fragment[] {
  return facts.flatMap((fact, index) => {
    const whole =
      displayWidth(fact.text) <= WHOLE_WIDTH ? { ...fact, text: fact.text.replaceAll(' ', HARD_SPACE) } : fact;
    return index > 0 ? [SEPARATOR, whole] : [whole];
  });
}

export function plain(text: string): Fragment {
  return { text: printable(text), style: PLAIN };
}

export function dim(text: string): Fragment {
  return { text: printable(text), style: DIM };
}

export function errorText({ type, message }: TimelineError): string {
  return printable([type, message].filter(Boolean).join(': ')) || 'an error without a message';
}

/** `key=value` each, by key: backends keep no order, and the text shall be the same from all of them. */
export function attributeFacts(attributes: TimelineAttributes): Fragment[] {
  return byKey(attributes).flatMap(([key, value]) => {
    if (NOT_SHOWN.has(key)) return [];
    const name = key.startsWith(PREFIX_METADATA) ? key.slice(PREFIX_METADATA.length) : key;
    return [dim(`${name}=${valueText(value)}`)];
  });
}

export function metadataDetail(metadata: TimelineAttributes, dropped: number | undefined): Detail[] {
  const facts = attributeFacts(metadata);
  if (dropped) facts.push(dim(`${dropped} more not recorded`));
  return facts.length > 0 ? [{ key: 'metadata', value: joinFacts(facts) }] : [];
}

export function textDetail(key: string, text: string | undefined): Detail[] {
  return text === undefined ? [] : [{ key, value: [plain(text)] }];
}

/** What is missing of what was told of. */
export function droppedDetail(drops: TimelineDrops | undefined): Detail[] {
  if (!drops) return [];
  const { events, links, attributes } = drops;
  const counts = [
    [events, 'event'],
    [links, 'link'],
    [attributes, 'attribute'],
  ] as const;
  const facts = counts.flatMap(([count, noun]) => (count > 0 ? [counted(count, noun)] : []));
  const list = facts.length > 2 ? `${facts.slice(0, -1).join(', ')} and ${facts.at(-1)}` : facts.join(' and ');
  const verb = events + links + attributes === 1 ? 'was' : 'were';
  return [incomplete(`${list} ${verb} dropped by the SDK's limits`)];
}

export function incomplete(text: string): Detail {
  return { key: 'incomplete', value: [{ ...plain(text), style: YELLOW }] };
}

/** Content can be long; whoever wants all of it asks for JSON. */
const MAX_DETAIL_LINES = 4;

/** `reason   Delegate the draft`, keys in a column of their own; where there is little room, one text. */
export function detailLines(details: readonly Detail[], width: number, isNarrow: boolean): StyledText[] {
  const keyWidth = details.reduce((max, { key }) => Math.max(max, displayWidth(key)), 0) + 2;
  return details.flatMap(({ key, value }) => {
    if (isNarrow || keyWidth > width / 2) {
      const lines = wrap([dim(`${key}: `), ...value], {
        firstWidth: width,
        width: width - 2,
        maxLines: MAX_DETAIL_LINES,
      });
      return lines.map((line, index) => (index === 0 ? line : [plain('  '), ...line]));
    }
    return wrap(value, { width: width - keyWidth, maxLines: MAX_DETAIL_LINES }).map((line, index) => [
      index === 0 ? dim(key + ' '.repeat(keyWidth - displayWidth(key))) : plain(' '.repeat(keyWidth)),
      ...line,
    ]);
  });
}
