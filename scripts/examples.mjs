// Runs every examples/*.ts and examples/across/*.ts to its end, one after the other; what an example prints is shown only
// when it fails. What needs Redis is left out where there is none; with CI=true that is a failure.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const limitMs = 60_000;
const needRedis = ['across/bullmq.ts'];
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
const files = ['', 'across/'].flatMap((folder) =>
  readdirSync(`examples/${folder}`).flatMap((name) => (name.endsWith('.ts') ? [folder + name] : [])),
);
let failed = 0;
for (const name of files) {
  if (needRedis.includes(name) && !hasRedis && process.env.CI !== 'true') {
    console.log(`skipped ${name}: needs redis-server`);
    continue;
  }
  const started = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', `examples/${name}`], {
    encoding: 'utf8',
    timeout: limitMs,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`ok      ${name} (${seconds} s)`);
  } else {
    failed += 1;
    console.log(`FAILED  ${name} (${seconds} s, ${signal ?? `exit ${status}`})\n${stdout}${stderr}`);
  }
}
if (files.length === 0) console.log('no example found in examples/');
process.exitCode = files.length === 0 || failed > 0 ? 1 : 0;
