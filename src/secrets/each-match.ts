/**
 * Calls back for each match of a pattern with the flag `g`. Not `matchAll`, which copies the pattern: a copy of a large one takes
 * longer to get ready than most texts take to be read.
 */
export function eachMatch(pattern: RegExp, text: string, tell: (match: RegExpExecArray) => void): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) tell(match);
}
