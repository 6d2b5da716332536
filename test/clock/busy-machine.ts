import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Takes every processor until `stop` is called: whoever else runs is put aside between any two of its lines. */
export function makeBusy(): { stop(): void } {
  // They end by themselves, should nobody be left to end them.
  const burn = 'const end = Date.now() + 120_000; while (Date.now() < end);';
  const burning = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', burn], { stdio: 'ignore' }),
  );
  return {
    stop: () => {
      for (const each of burning) each.kill('SIGKILL');
    },
  };
}
