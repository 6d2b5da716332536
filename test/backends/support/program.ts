import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program of others that runs beside the tests. */
export interface Program {
  /** A folder of its own, gone when it has stopped; there is its log, too. */
  readonly folder: string;
  /** Ends it by its pid. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  readonly command: readonly string[];
  /** Its variables, for the folder that it may write to. Nothing else of the environment reaches it. */
  readonly env: (folder: string) => Readonly<Record<string, string>>;
  /** Whether it serves: asked again and again until it does. */
  readonly isReady: () => Promise<boolean>;
  readonly timeoutMs?: number;
}

/**
 * Runs a program and ends it when our end of the pipe closes, which it also does when the tests are killed: no program is
 * left behind. By SIGKILL, for Tempo takes its time with anything gentler, and nobody needs what it holds.
 */
const KEEPER = `
exec 3<&0
"$@" 3<&- </dev/null & program=$!
{ read -r _ <&3; kill -9 $program; } & watcher=$!
wait $program; status=$?
kill $watcher 2>/dev/null
exit $status`;

const TAIL_LINES = 15;
const POLL_MS = 25;

/** Starts a program and waits until it serves. When it does not, the error shows where its log is and how it ends. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { name, command, env, isReady, timeoutMs = 30_000 } = options;
  const folder = mkdtempSync(join(tmpdir(), `otel-baton-${name}-`));
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  const child = spawn('sh', ['-c', KEEPER, name, ...command], {
    cwd: process.cwd(),
    env: { PATH: process.env.PATH, HOME: folder, ...env(folder) },
    stdio: ['pipe', output, output],
  });
  closeSync(output);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  });

  const problem = await untilReady(isReady, exited, timeoutMs);
  if (problem !== undefined) {
    await end(child, exited);
    throw new Error(`${name} ${problem}; its log is ${log} and ends with:\n${tail(log)}`);
  }
  return {
    folder,
    async stop() {
      await end(child, exited);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(
  isReady: () => Promise<boolean>,
  exited: Promise<string>,
  timeoutMs: number,
): Promise<string | undefined> {
  let ending: string | undefined;
  void exited.then((how) => {
    ending = how;
  });
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (ending !== undefined) return `${ending} before it was ready`;
    if (await isReady().catch(() => false)) return undefined;
    await sleep(POLL_MS);
  }
  return `was not ready after ${timeoutMs / 1000} s`;
}

async function end(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.stdin?.destroy();
  await exited;
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
