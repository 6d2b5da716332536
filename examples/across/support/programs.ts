/**
 * Runs the programs of a recipe, each a process of its own, and tells the replay of what all of them sent. They export
 * over OTLP/HTTP, as to any backend; with `OTEL_EXPORTER_OTLP_ENDPOINT` to that one, and nothing is told here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildTimelines, readOtlpJson, renderSessions } from 'otel-baton/replay';
import { startReceiver } from '../../../src/cli/demo/receiver.ts';

export interface Program {
  /** The first thing that it says. */
  readonly firstLine: Promise<string>;
  /** Waits for its end; rejects when that was not a good one. */
  ended(): Promise<void>;
  /** Asks it to end, and waits for that. */
  stop(): Promise<void>;
}

type Start = (path: string, env?: Readonly<Record<string, string>>) => Program;

export async function tellReplay(recipe: (start: Start) => Promise<void>): Promise<void> {
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
    closed.then(() => Promise.reject(new Error(`${path} ended and said nothing`))),
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
