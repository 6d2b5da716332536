import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { binaryOf } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';

describeWith(['collector'], 'the Collector', () => {
  it.each(readdirSync('deploy/collector'))('finds nothing wrong with %s', async (file) => {
    const args = ['validate', '--config', `deploy/collector/${file}`];
    // Deprecated names and settings would be told here.
    expect(await promisify(execFile)(binaryOf('collector'), args)).toEqual({ stdout: '', stderr: '' });
  });
});
