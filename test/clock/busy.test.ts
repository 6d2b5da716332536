import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeBusy } from './busy-machine.ts';
import { IN_PLACE } from './programs/foreign-spans.mjs';

let busy: ReturnType<typeof makeBusy>;

beforeAll(() => {
  busy = makeBusy();
});

afterAll(() => busy.stop());

describe('on a busy machine', () => {
  it.each([1, 2, 3])(
    'spans of the SDK and of ours are in one another, from the first one on (%s)',
    async () => {
      const run = promisify(execFile);
      const args = ['--import', 'tsx', 'test/clock/programs/busy.mjs'];
      const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH }, timeout: 60_000 });
      expect(JSON.parse(stdout)).toEqual(IN_PLACE);
    },
    60_000,
  );
});
