// npm run demo                      the escalation pipeline, told in the terminal: `otel-baton demo`
// npm run demo -- --jaeger [URL]    all examples into a Jaeger, and the addresses to open. Without a URL and with nobody at
//                                   http://localhost:16686 it starts one: `jaeger` from BATON_BACKENDS or the PATH, else docker.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Jaeger, jaegerAt, whyNot } from '../src/cli/demo/jaeger.ts';
import { buildTimelines, readRecentFromJaeger, renderSessionList, type SessionTimeline } from '../src/replay.ts';

const args = process.argv.slice(2);
const at = args.indexOf('--jaeger');
process.exitCode = at < 0 ? await run('src/cli/main.ts', ['demo', ...args]) : await intoJaeger(args[at + 1]);

async function intoJaeger(url: string | undefined): Promise<number> {
  const jaeger = jaegerAt(url, process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
  let obstacle = await whyNot(jaeger);
  const started = obstacle && url === undefined ? startJaeger() : undefined;
  for (let tries = 0; started && obstacle && tries < 300 && started.exitCode === null; tries++) {
    await sleep(200);
    obstacle = await whyNot(jaeger);
  }
  if (obstacle) {
    started?.kill();
    console.error(obstacle);
    return 1;
  }
  const failed = await runExamples(jaeger);
  const { spans } = await readRecentFromJaeger(jaeger.ui);
  const timelines = buildTimelines(spans);
  console.log(`\n${renderSessionList(timelines, { width: process.stdout.columns ?? 100, color: false })}`);
  console.log(addresses(jaeger, timelines));
  if (started) {
    console.log('\nJaeger runs until you press Ctrl-C.');
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(started, 'exit')]);
    started.kill();
  }
  return failed;
}

async function runExamples({ otlp }: Jaeger): Promise<number> {
  const examples = readdirSync('examples').filter((name) => name.endsWith('.ts'));
  let failed = 0;
  for (const name of examples) {
    const code = await run(join('examples', name), [], { OTEL_EXPORTER_OTLP_ENDPOINT: otlp });
    console.error(code === 0 ? `… ${name}` : `… ${name} FAILED with ${code}`);
    if (code !== 0) failed = 1;
  }
  return failed;
}

/** With `env`, what it prints is not shown: its replay is told from Jaeger. */
async function run(file: string, more: readonly string[], env?: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...more], {
    env: { ...process.env, ...env },
    stdio: ['inherit', env ? 'ignore' : 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** `undefined` where neither a binary nor docker is at hand. */
function startJaeger(): ChildProcess | undefined {
  const folders = [process.env.BATON_BACKENDS, ...(process.env.PATH ?? '').split(':')].filter(Boolean) as string[];
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  const jaeger = find('jaeger');
  const docker = find('docker');
  const command = jaeger
    ? [jaeger, '--config', 'deploy/jaeger/jaeger.yaml']
    : docker && [docker, 'run', '--rm', '-p', '16686:16686', '-p', '4318:4318', 'jaegertracing/jaeger'];
  const [program, ...rest] = command ?? [];
  if (!program) return undefined;
  console.error(`… starts Jaeger with ${basename(program)}`);
  const ui = join(program, '..', 'jaeger-ui');
  const env = { ...process.env, ...(existsSync(ui) ? { JAEGER_UI_ASSETS: ui } : {}) };
  const child = spawn(program, rest, { stdio: 'ignore', env });
  child.on('error', (error) => console.error(error.message));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill());
  process.on('exit', () => child.kill());
  return child;
}

function addresses({ ui }: Jaeger, timelines: readonly SessionTimeline[]): string {
  const lines = timelines.flatMap(({ id, traceIds }) => traceIds.map((trace) => `  ${ui}/trace/${trace}  ${id}`));
  return ['Open', ...lines, `  ${ui}/dependencies  who handed to whom`].join('\n');
}
