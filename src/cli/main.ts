#!/usr/bin/env node
import { Command, CommanderError } from '@commander-js/extra-typings';
import { messageOf } from '../diagnostics.ts';
import { printable } from '../printable.ts';
import { withoutSecrets } from '../secrets.ts';
import { NAME, VERSION } from '../version.ts';
import { type ExitCode, UsageError } from './command.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addReplay } from './commands/replay.ts';

const program = new Command(NAME)
  .usage('COMMAND [options]')
  .description('Tells what multi-agent pipelines did, from the spans that they left.')
  .version(VERSION, '-v, --version', `The version of ${NAME}`)
  .helpOption('-h, --help', 'This text')
  .helpCommand('help [COMMAND]', 'The text for a command')
  .addHelpText('after', `\nExample: ${NAME} replay traces.json`)
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .enablePositionalOptions()
  .exitOverride()
  // What was typed may be a secret: what is wrong with it is said below.
  .configureOutput({ outputError: () => {} });
// A new command is a file in `commands/`, and a name here.
for (const add of [addDemo, addDoctor, addReplay]) add(program, process);

// `| head` closes the pipe when it has seen enough: a success, and nothing to tell anybody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${NAME}: cannot write: ${error.message}\n`);
    process.exit(1);
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

function explain(error: unknown): ExitCode {
  const given = program.commands.find((each) => each.name() === process.argv[2]);
  const command = [NAME, ...(given ? [given.name()] : [])].join(' ');
  if (error instanceof CommanderError && /^commander\.(help|version)/.test(error.code)) {
    // The text was shown: to who asked for it, or to who gave no command.
    return error.exitCode === 0 ? 0 : 2;
  }
  const message = wrongUsage(error);
  if (message === undefined) {
    // A mistake of ours. What it says may stand in a stranger's file.
    process.stderr.write(`${command}: it failed: ${printable(messageOf(error))}\n`);
    return 1;
  }
  // It may be an address with a password, without a scheme, too.
  const safe = withoutSecrets(message).replace(/[^\s"'/@]*:[^\s"'@]+@/g, '');
  process.stderr.write(`${command}: ${printable(safe)}\nSee ${command} --help.\n`);
  return 2;
}

/** What was used wrongly; `undefined` where nothing was. */
function wrongUsage(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  if (!(error instanceof CommanderError)) return undefined;
  const message = error.message.replace(/^error: /, '');
  if (error.code === 'commander.unknownCommand') {
    const names = program.commands.map((each) => each.name()).join(', ');
    return `${message.split('\n')[0]}; expected one of: ${names}`;
  }
  // The value of an option that nobody knows is nothing to repeat.
  return message.replace(/^(unknown option '[^=]*)=.*'/s, "$1'");
}
