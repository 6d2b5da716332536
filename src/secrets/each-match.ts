/**
 * Calls back for each match of a pattern with the flag `g`. `matchAll` would copy the pattern, and preparing a copy of
 * a large pattern takes longer than searching most texts.
 */
export function eachMatch(pattern: RegExp, text: string, callback: (match: RegExpExecArray) => void): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) callback(match);
}
