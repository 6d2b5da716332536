import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';
import { startReceiver } from '../../support/otlp-receiver.ts';

/** What people write with Baton, each a program of its own. */
export const PROGRAMS = {
  '000': 'examples/000-handoff-recipe.ts',
  '001': 'examples/001-pipeline.ts',
  '002': 'examples/002-ratri.ts',
  '003': 'examples/003-customer-service.ts',
  '004': 'examples/004-pass-or-return.ts',
  everything: 'test/golden/everything.ts',
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** What a program sent. */
export interface Sent {
  /** OTLP/JSON, an export request per line: what a Collector would have written into a file. */
  readonly file: string;
  readonly spans: readonly RecordedSpan[];
  readonly traceIds: readonly string[];
  readonly sessionIds: readonly string[];
}

/** Runs a program to its end; its spans go to all these addresses, and here. */
async function runProgram(name: ProgramName, targets: readonly string[]): Promise<Sent> {
  const receiver = await startReceiver();
  try {
    const clean = Object.entries(process.env).filter(([variable]) => !/^(OTEL|BATON)_/.test(variable));
    const imports = ['--import', 'tsx', '--import', './test/backends/support/telemetry.ts'];
    await promisify(execFile)(process.execPath, [...imports, PROGRAMS[name]], {
      env: { ...Object.fromEntries(clean), SEND_TO: [receiver.url, ...targets].join(',') },
      timeout: 60_000,
    });
    const file = receiver.bodies.join('\n');
    const { spans } = readOtlpJson(file);
    return {
      file,
      spans,
      traceIds: [...new Set(spans.map(({ traceId }) => traceId))],
      sessionIds: [...new Set(spans.map(({ attributes }) => String(attributes['session.id'])))],
    };
  } finally {
    await receiver.close();
  }
}

/** All of them, two at a time: each is a process. */
export async function runPrograms(targets: readonly string[]): Promise<ReadonlyMap<ProgramName, Sent>> {
  const names = Object.keys(PROGRAMS) as ProgramName[];
  const sent = new Map<ProgramName, Sent>();
  const next = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      sent.set(name, await runProgram(name, targets));
    }
  };
  await Promise.all([next(), next()]);
  return sent;
}
