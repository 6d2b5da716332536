import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { binaryOf } from './backends.ts';
import { freePorts } from './free-ports.ts';
import { startProgram } from './program.ts';

/** Follows a page to the letter, except that each port on it becomes a free one, the same wherever it stands. */
export interface Follower {
  /** Runs the page's commands in their order, programs that serve beside the others, but for those that only ask. */
  follow(): Promise<void>;
  /** What the command says that asks how it went. */
  ask(): Promise<string>;
  /** Text of the page, with the ports that are used in its place. */
  relocate(text: string): string;
  stop(): Promise<void>;
}

const SERVERS = { jaeger: 'jaeger', tempo: 'tempo', 'otelcol-contrib': 'collector' } as const;
/** Nobody wants to wait here for as long as elsewhere. */
const IMPATIENT = { GATEWAY_DECISION_WAIT: '1s', GATEWAY_METRICS_INTERVAL: '500ms', TEMPO_TRACE_IDLE: '500ms' };

export async function followerOf(page: string): Promise<Follower> {
  const folder = mkdtempSync(join(tmpdir(), 'otel-baton-page-'));
  const running: { stop(): Promise<void> }[] = [];
  const free = await freePorts(30);
  const ports = new Map<string, string>();
  const portFor = (port: string): string => {
    const taken = ports.get(port) ?? String(free.pop());
    ports.set(port, taken);
    return taken;
  };
  const relocate = (text: string): string => text.replace(/(?<=_PORT=|:)\d{4,5}\b/g, portFor);

  const path = join(folder, 'bin');
  mkdirSync(path);
  for (const [name, backend] of Object.entries(SERVERS)) symlinkSync(binaryOf(backend), join(path, name));

  /** The ports of a configuration's defaults, and folders where nothing is left behind. */
  const variablesOf = (command: string): Record<string, string> => {
    const config = /deploy\/\S+\.yaml/.exec(command)?.[0] ?? '';
    const defaults = readFileSync(config, 'utf8').matchAll(/\$\{(?:env:)?(\w+):-([^}]*)\}/g);
    const variables = Array.from(defaults, ([, name = '', value = '']): [string, string] => {
      if (name.endsWith('_DATA')) return [name, join(folder, name)];
      if (name.endsWith('_PORT')) return [name, portFor(value)];
      return [name, relocate(value)];
    });
    const given = command.matchAll(/(\w+)=(\S+)/g);
    return Object.fromEntries([...variables, ...Array.from(given, ([, name, value]) => [name, value])]);
  };

  const serve = async (name: string, command: string): Promise<void> => {
    const variables = { ...variablesOf(command), ...IMPATIENT };
    // Tempo does not listen for other Tempos when it is alone.
    const open = Object.entries(variables).filter(
      ([variable]) => /_PORT$/.test(variable) && !/MEMBERLIST/.test(variable),
    );
    const program = await startProgram({
      name,
      // `exec`, so that the end of the shell is that of the program.
      command: ['sh', '-c', `exec env ${command}`],
      env: () => ({
        ...variables,
        PATH: `${path}:${process.env.PATH}`,
        JAEGER_UI_ASSETS: join(dirname(binaryOf('jaeger')), 'jaeger-ui'),
      }),
      isReady: async () => (await Promise.all(open.map(([, port]) => accepts(Number(port))))).every(Boolean),
    });
    running.push(program);
  };

  const blocks = Array.from(readFileSync(page, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g), ([, block = '']) =>
    relocate(block.replaceAll('=./', `=${folder}/`)),
  );

  return {
    relocate,
    async follow() {
      // Docker does not run here: test/deploy looks at what it would do.
      for (const block of blocks.filter((each) => !/^(docker|curl) /.test(each))) {
        const servers = block.split('\n').filter((command) => serverOf(command) !== undefined);
        for (const command of servers) await serve(serverOf(command) ?? '', command);
        if (servers.length === 0) await run(block);
      }
    },
    ask: () => run(blocks.find((block) => block.startsWith('curl ')) ?? 'false'),
    async stop() {
      await Promise.all(running.map((each) => each.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serverOf(command: string): string | undefined {
  const [program = ''] = command.split(' ').filter((word) => !/^\w+=/.test(word));
  return program in SERVERS ? program : undefined;
}

async function run(script: string): Promise<string> {
  const clean = Object.entries(process.env).filter(([variable]) => !/^(OTEL|BATON)_/.test(variable));
  const options = { env: Object.fromEntries(clean), timeout: 60_000 };
  return (await promisify(execFile)('sh', ['-ec', script], options)).stdout;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .once('connect', () => socket.end(() => resolve(true)))
      .once('error', () => resolve(false));
  });
}
