/** 0: done. 1: nothing found, or not readable. 2: used wrongly. */
export type ExitCode = 0 | 1 | 2;

/** The command was used wrongly: what was given, what was expected. */
export class UsageError extends Error {}

/** What a command has of the world around it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: TerminalOutput;
  readonly stderr: TerminalOutput;
  /** Not `process.exit`: it would cut off what is still on its way into a pipe. */
  exitCode?: string | number | null | undefined;
}

interface TerminalOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  hasColors?(env: object): boolean;
}

/** `FORCE_COLOR` (https://force-color.org) wins over `NO_COLOR` (https://no-color.org), and both over the terminal. */
export function wantsColor({ env, stdout }: Terminal): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no } = env;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return stdout.isTTY === true && stdout.hasColors?.({ ...env }) === true;
}
