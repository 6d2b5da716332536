import type { Terminal } from './terminal.ts';

/** 0: done. 1: nothing found, or not readable. 2: used wrongly. */
export type ExitCode = 0 | 1 | 2;

/** One word after `otel-baton`. A new one is a file in `commands/` and an entry in the table of `main.ts`. */
export interface Command {
  readonly name: string;
  /** For the list of commands: one line. */
  readonly summary: string;
  /** What `--help` shows; it fits a terminal of 80 columns and 24 lines. */
  readonly help: string;
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<ExitCode>;
}

/** The command was used wrongly: what was given, what was expected. */
export class UsageError extends Error {}
