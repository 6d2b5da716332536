import { describe, expect, it } from '@jest/globals';
import { type Terminal, wantsColor } from '../../src/cli/command.ts';

function terminal(env: Record<string, string>, { isTTY = true, hasColors = true } = {}): Terminal {
  const stdout = { write: () => true, isTTY, hasColors: () => hasColors };
  return { env, stdout, stderr: stdout, stdin: (async function* () {})() };
}

describe('colours', () => {
  it('are for terminals that have them', () => {
    expect(wantsColor(terminal({}))).toBe(true);
    expect(wantsColor(terminal({}, { hasColors: false }))).toBe(false);
    expect(wantsColor(terminal({}, { isTTY: false }))).toBe(false);
  });

  it('are left out for NO_COLOR, unless it is empty', () => {
    expect(wantsColor(terminal({ NO_COLOR: '1' }))).toBe(false);
    expect(wantsColor(terminal({ NO_COLOR: '' }))).toBe(true);
  });

  it('are forced by FORCE_COLOR, or forbidden by it, whatever else is said', () => {
    expect(wantsColor(terminal({ FORCE_COLOR: '1', NO_COLOR: '1' }, { isTTY: false }))).toBe(true);
    expect(wantsColor(terminal({ FORCE_COLOR: '0' }))).toBe(false);
    expect(wantsColor(terminal({ FORCE_COLOR: 'false' }))).toBe(false);
    expect(wantsColor(terminal({ FORCE_COLOR: '' }))).toBe(true);
  });
});
