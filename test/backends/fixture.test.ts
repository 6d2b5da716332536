import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { startCollector, startJaeger, startTempo } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';

// The fixture itself: nothing that it starts outlives the tests.

describeWith(['jaeger', 'tempo', 'collector'], 'the real backends', () => {
  it('run with the configurations of deploy/, several at once, and are gone when they are stopped', async () => {
    const [jaeger, other, tempo] = await Promise.all([startJaeger(), startJaeger(), startTempo()]);
    const collector = await startCollector({ jaeger, tempo });
    const all = [jaeger, other, tempo, collector];
    expect(new Set(all.flatMap(({ otlp, url }) => [otlp, url])).size).toBe(7);
    expect(await Promise.all(all.map(({ url }) => answers(url)))).toEqual([true, true, true, true]);
    await Promise.all(all.map((backend) => backend.stop()));
    expect(await Promise.all(all.map(({ url }) => answers(url)))).toEqual([false, false, false, false]);
  }, 60_000);

  it('say why one does not start, and where its log is', async () => {
    const starting = startJaeger('--config', 'yaml:receivers::otlp::protocols::http::endpoint: nowhere');
    const { message } = await starting.then(
      () => new Error('it started'),
      (error: Error) => error,
    );
    expect(message).toMatch(/^jaeger ended with 1 before it was ready; its log is .*\n.*nowhere/s);
    const log = /its log is (.+) and ends/.exec(message)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toContain('nowhere');
    rmSync(dirname(log), { recursive: true });
  }, 30_000);

  it('do not outlive tests that are killed', async () => {
    const script = `
      import { startJaeger } from './test/backends/support/backends.ts';
      console.log((await startJaeger()).url);`;
    const TMPDIR = mkdtempSync(join(tmpdir(), 'otel-baton-killed-'));
    const tests = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...process.env, TMPDIR },
    });
    const url = await new Promise<string>((resolve, reject) => {
      tests.stdout.once('data', (text) => resolve(String(text).trim()));
      tests.once('exit', () => reject(new Error('it ended before it was killed')));
    });
    expect(await answers(url)).toBe(true);
    tests.kill('SIGKILL');
    while (await answers(url)) await sleep(20);
    rmSync(TMPDIR, { recursive: true });
  }, 30_000);
});

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
