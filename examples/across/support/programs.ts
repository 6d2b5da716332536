/**
 * Runs the programs of a recipe, each in a separate process, and prints the replay of all their spans. They export over
 * OTLP/HTTP, as to any backend. With `OTEL_EXPORTER_OTLP_ENDPOINT` they export to that endpoint, and no replay is printed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildTimelines, readOtlpJson, renderSessions } from 'otel-baton/replay';
import { startReceiver } from '../../../src/cli/demo/receiver.ts';

export interface Program {
  /** The first line of its standard output. */
  readonly firstLine: Promise<string>;
  /** Waits until the program ends; rejects if its exit code is not 0. */
  ended(): Promise<void>;
  /** Sends SIGTERM, and waits until the program ends. */
  stop(): Promise<void>;
}

type Start = (path: string, env?: Readonly<Record<string, string>>) => Program;

export async function printReplay(recipe: (start: Start) => Promise<void>): Promise<void> {
  const receiver = await startReceiver();
  const running = new Set<ChildProcess>();
  const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? receiver.url;
  try {
    await recipe((path, env = {}) => {
      const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', file], {
        env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      running.add(child);
      return follow(path, child);
    });
    if (endpoint !== receiver.url) return;
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    const { stdout, env } = process;
    const view = { width: stdout.columns ?? Number(env.COLUMNS ?? 100), color: stdout.isTTY && !env.NO_COLOR };
    console.log(`\n${renderSessions(buildTimelines(spans), view)}`);
  } finally {
    for (const child of running) child.kill('SIGKILL');
    await receiver.close();
  }
}

function follow(path: string, child: ChildProcess): Program {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => console.log(line));
  const closed = once(child, 'close') as Promise<[code: number | null, signal: string | null]>;
  const firstLine = Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    closed.then(() => Promise.reject(new Error(`${path} ended without any output`))),
  ]);
  firstLine.catch(() => {});
  return {
    firstLine,
    async ended() {
      const [code, signal] = await closed;
      if (code !== 0) throw new Error(`${path} ended with ${signal ?? code}`);
    },
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}
