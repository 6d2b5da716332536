import { describe } from '@jest/globals';
import { type Backend, findBinary } from './binaries.ts';

/** Like `describe`, where these programs are there. Without them it is skipped with a line that says so; a failure in CI. */
export function describeWith(backends: readonly Backend[], name: string, tests: () => void): void {
  const missing = backends.filter((backend) => !findBinary(backend));
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  const message = `${name}: no ${missing.join(', no ')}; put the release of Jaeger 2, Tempo 3 or the Collector (contrib), Prometheus or Chromium on the PATH, or its folder into BATON_BACKENDS`;
  if (process.env.CI === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED ${message}\n`);
  describe.skip(name, tests);
}
