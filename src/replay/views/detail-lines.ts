import { displayWidth } from './printable.ts';
import { type Detail, dim, plain } from './row-parts.ts';
import { type StyledText, wrap } from './styled-text.ts';

/** Content can be long; whoever wants all of it asks for JSON. */
const MAX_LINES = 4;

/** `reason   Delegate the draft`, keys in a column of their own; where there is little room, one text. */
export function detailLines(details: readonly Detail[], width: number, isNarrow: boolean): StyledText[] {
  const keyWidth = details.reduce((max, { key }) => Math.max(max, displayWidth(key)), 0) + 2;
  return details.flatMap(({ key, value }) => {
    if (isNarrow || keyWidth > width / 2) {
      const lines = wrap([dim(`${key}: `), ...value], { firstWidth: width, width: width - 2, maxLines: MAX_LINES });
      return lines.map((line, index) => (index === 0 ? line : [plain('  '), ...line]));
    }
    return wrap(value, { width: width - keyWidth, maxLines: MAX_LINES }).map((line, index) => [
      index === 0 ? dim(key + ' '.repeat(keyWidth - displayWidth(key))) : plain(' '.repeat(keyWidth)),
      ...line,
    ]);
  });
}
