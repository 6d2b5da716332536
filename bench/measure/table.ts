import type { Measure, Measured, Question, Round } from './question.ts';

export interface Answer extends Measured {
  readonly question: Question;
}

const HEADINGS = ['pipeline', 'cost', 'Baton', 'other', 'ratio', 'middle half', 'last ÷ first', 'goal', ''];

/** One line per answer; costs are medians, and the ratio is the median of the ratios within a round. */
export function table(answers: readonly Answer[]): string {
  const rows = [HEADINGS, ...answers.map(row)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows.map((cells) => align(cells, widths)).join('\n');
}

function row({ question, measure, rounds }: Answer): string[] {
  const ratios = rounds.map(({ baton, other }) => baton / other);
  const ratio = quantile(ratios, 0.5);
  const cost = (side: keyof Round): string => {
    const costs = rounds.map((round) => round[side]);
    return amount(measure, quantile(costs, 0.5));
  };
  const goal = question.goal?.[measure];
  return [
    question.title,
    measure,
    cost('baton'),
    cost('other'),
    ratio.toFixed(2),
    `${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}`,
    question.grows ? growth(ratios).toFixed(2) : '',
    goal === undefined ? 'none' : `<= ${goal}`,
    goal === undefined ? '' : ratio <= goal ? 'met' : 'missed',
  ];
}

/** How much dearer the last tenth of the rounds is than the first. */
function growth(ratios: readonly number[]): number {
  const tenth = Math.ceil(ratios.length / 10);
  return quantile(ratios.slice(-tenth), 0.5) / quantile(ratios.slice(0, tenth), 0.5);
}

function amount(measure: Measure, value: number): string {
  return measure === 'time' ? `${value.toFixed(2)} µs` : `${Math.round(value)} B`;
}

function align(cells: readonly string[], widths: readonly number[]): string {
  const leftAligned = 2;
  return cells
    .map((cell, column) =>
      column < leftAligned ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    .join('  ')
    .trimEnd();
}

function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * at;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
