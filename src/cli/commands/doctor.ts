import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from '@commander-js/extra-typings';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { shownAddress } from '../../address.ts';
import { Baton } from '../../baton.ts';
import { messageOf } from '../../diagnostics.ts';
import { type Diagnosis, problem, toDiagnosis, warning } from '../../doctor/finding.ts';
import { environment } from '../../env.ts';
import { BatonError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { loadSdk } from '../../set-up/installed.ts';
import { setUp } from '../../set-up/set-up.ts';
import { type ExitCode, type Terminal, UsageError } from '../command.ts';

export function addDoctor(program: Command, terminal: Terminal): void {
  const setUps: SetUp[] = [];
  // Both kinds are loaded in the order in which they were given.
  const add = (kind: SetUp['kind']) => (file: string) => setUps.push({ kind, file });
  program
    .command('doctor')
    .summary('Say why spans do not arrive, and send a test pipeline')
    .description(
      `Says in plain words why no spans would arrive, and sends one test pipeline.
Run it in the folder of your app, with the variables that your app has.`,
    )
    .option(
      '--import <FILE>',
      'Your OpenTelemetry set-up, as node --import takes it: a file, or the name of a package. Without it, the set-up of otel-baton/register, from the OTEL_* variables',
      add('import'),
    )
    .option('--require <FILE>', 'The same for CommonJS', add('require'))
    .option(
      '--endpoint <URL>',
      'Ask this OTLP/HTTP endpoint as well, by its whole address: http://localhost:4318/v1/traces',
      endpointFrom,
    )
    .option('--timeout <MS>', 'How long to wait for an answer', timeoutFrom, 10_000)
    .option('--json', 'For scripts')
    .addHelpText(
      'after',
      `
Exit codes: 0 spans arrive, 1 a problem was found, 2 used wrongly.

Example: otel-baton doctor --import ./instrumentation.mjs
In a running app: console.log(String(await baton.diagnose()))`,
    )
    .action(async ({ endpoint, timeout, json = false }) => {
      terminal.exitCode = await runDoctor({ setUps, endpoint, timeoutMs: timeout, json }, terminal);
    });
}

interface Examination {
  readonly setUps: readonly SetUp[];
  readonly endpoint: string | undefined;
  readonly timeoutMs: number;
  readonly json: boolean;
}

async function runDoctor({ json, ...what }: Examination, { stdout, stderr }: Terminal): Promise<ExitCode> {
  const told = listenToDiag();
  const { diagnosis, note } = await examine(what);
  // What OpenTelemetry itself complained of: partial success of an export is told nowhere else.
  const more = [...new Set(told)].map((line) => warning('warnings', `OpenTelemetry says: ${line}`));
  const all = toDiagnosis([...diagnosis.findings, ...more], diagnosis.sessionId);
  if (json)
    stdout.write(`${JSON.stringify({ ok: all.ok, sessionId: all.sessionId, findings: all.findings }, null, 2)}\n`);
  else {
    stderr.write(`${printable(note)}\n\n`);
    stdout.write(`${all}\n\n${conclusion(all)}\n`);
  }
  // A set-up may keep the process alive; all is said.
  setTimeout(() => process.exit(), 1_000).unref();
  return all.ok ? 0 : 1;
}

interface SetUp {
  readonly kind: 'import' | 'require';
  readonly file: string;
}

async function examine({
  setUps,
  ...options
}: Omit<Examination, 'json'>): Promise<{ diagnosis: Diagnosis; note: string }> {
  const names = setUps.map(({ file }) => file).join(', ');
  try {
    for (const setUp of setUps) await load(setUp);
  } catch (error) {
    const message = `${names} cannot be loaded: ${messageOf(error)}`;
    return { diagnosis: toDiagnosis([problem('provider', message)]), note: '' };
  }
  let note = `the set-up of ${names}`;
  if (setUps.length === 0) {
    try {
      setUp({}, environment(), loadSdk);
    } catch (error) {
      if (!(error instanceof BatonError)) throw error;
      // A command to copy stands on a line of its own.
      const [what, command] = error.message.split(/Run\n\s*(.+)\n/);
      const message = `no set-up was given, and otel-baton/register has none: ${what}`;
      return { diagnosis: toDiagnosis([problem('provider', message, command)]), note: '' };
    }
    note = 'the set-up of otel-baton/register, from the OTEL_* variables; give your own with --import';
  }
  const baton = new Baton({ agent: 'doctor' });
  return { diagnosis: await baton.diagnose(options), note: `Examines ${note}.` };
}

/** As node would, from the folder that the doctor was started in. */
async function load({ kind, file }: SetUp): Promise<void> {
  const require = createRequire(`${process.cwd()}/app.js`);
  const isFile = file.startsWith('.') || isAbsolute(file);
  if (kind === 'require') require(isFile ? resolve(file) : file);
  else await import(pathToFileURL(isFile ? resolve(file) : require.resolve(file)).href);
}

/** Until a set-up puts a logger of its own there. */
function listenToDiag(): readonly string[] {
  const told: string[] = [];
  const hear = (message: string, ...more: unknown[]): void => {
    told.push([message, ...more.map((each) => (typeof each === 'string' ? each : messageOf(each)))].join(' '));
  };
  const ignore = (): void => {};
  diag.setLogger({ error: hear, warn: hear, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  return told;
}

function conclusion({ ok, sessionId }: Diagnosis): string {
  if (!ok) return 'There is a problem: spans do not arrive.';
  return `All is well. Look for the session in your backend: session.id = ${sessionId}`;
}

function endpointFrom(text: string): string {
  if (/^https?:\/\//.test(text)) return text;
  throw new UsageError(
    `--endpoint: expected an address such as http://localhost:4318/v1/traces, got "${shownAddress(text)}"`,
  );
}

function timeoutFrom(text: string): number {
  const ms = Number(text);
  if (Number.isInteger(ms) && ms > 0) return ms;
  throw new UsageError(`--timeout: expected milliseconds, got "${text}"`);
}
