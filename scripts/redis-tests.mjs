// Runs the tests that need a Redis; they start their own, on a free port of 127.0.0.1.
import { spawnSync } from 'node:child_process';

if (spawnSync('redis-server', ['--version']).status === 0) {
  const tests = ['run', 'jest', '--', '--selectProjects', 'redis', '--ci'];
  process.exitCode = spawnSync('npm', tests, { stdio: 'inherit' }).status ?? 1;
} else {
  const required = process.env.CI === 'true';
  console.log(
    `${required ? 'FAILED' : 'SKIPPED'}: redis-server is not installed, handoffs over BullMQ were not tested`,
  );
  process.exitCode = required ? 1 : 0;
}
