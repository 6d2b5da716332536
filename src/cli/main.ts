#!/usr/bin/env node
import { messageOf } from '../diagnostics.ts';
import { printable } from '../replay.ts';
import { withoutSecrets } from '../secrets.ts';
import { NAME, VERSION } from '../version.ts';
import { type Command, type ExitCode, UsageError } from './command.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { replay } from './commands/replay.ts';
import type { Terminal } from './terminal.ts';

const COMMANDS: readonly Command[] = [demo, doctor, replay];

const HELP = `Usage: ${NAME} COMMAND [options]

Tells what multi-agent pipelines did, from the spans that they left.

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(15)}  ${summary}`).join('\n')}

Options:
  -h, --help       This text; after a command, the text for it.
  -v, --version    The version of ${NAME}.

Example: ${NAME} replay traces.json
`;

async function main([word, ...rest]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { stdout, stderr } = terminal;
  if (word === '--version' || word === '-v') {
    stdout.write(`${VERSION}\n`);
    return 0;
  }
  const isHelp = word === '--help' || word === '-h' || word === 'help';
  const name = word === 'help' ? rest[0] : word;
  if (word === undefined || (isHelp && (word !== 'help' || name === undefined))) {
    (word === undefined ? stderr : stdout).write(HELP);
    return word === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) {
    const names = COMMANDS.map((one) => one.name).join(', ');
    return wrongUsage(terminal, NAME, `unknown command "${name}"; expected one of: ${names}`);
  }
  if (isHelp || beforeDashes(rest).some((arg) => arg === '--help' || arg === '-h')) {
    stdout.write(command.help);
    return 0;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    const message = usageMessage(error);
    if (message !== undefined) return wrongUsage(terminal, `${NAME} ${command.name}`, message);
    // A mistake of ours. What it says may stand in a stranger's file.
    stderr.write(`${NAME} ${command.name}: it failed: ${printable(messageOf(error))}\n`);
    return 1;
  }
}

/** After `--`, everything is a name of a file. */
function beforeDashes(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end < 0 ? args : args.slice(0, end);
}

function wrongUsage({ stderr }: Terminal, command: string, message: string): ExitCode {
  // What was typed may be an address with a password, without a scheme, too.
  const safe = withoutSecrets(message).replace(/[^\s"'/@]*:[^\s"'@]+@/g, '');
  stderr.write(`${command}: ${printable(safe)}\nSee ${command} --help.\n`);
  return 2;
}

/** Node's parser explains more than a person wants to read: its first sentence says which option it is. */
function usageMessage(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return code?.startsWith('ERR_PARSE_ARGS_') ? message.split(/\. |\n/)[0] : undefined;
}

// `| head` closes the pipe when it has seen enough: a success, and nothing to tell anybody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${NAME}: cannot write: ${error.message}\n`);
    process.exit(1);
  });
}

// Not `process.exit`: it would cut off what is still on its way into a pipe.
process.exitCode = await main(process.argv.slice(2), process);
