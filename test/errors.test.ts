import { expect, it } from '@jest/globals';
import { describe as described } from '../src/errors.ts';

it('names any value in a message, also a proxy that cannot be asked', () => {
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  expect([1, 'a', null, [1, 2], {}, () => {}, revoked.proxy].map(described)).toEqual([
    '1',
    '"a"',
    'null',
    'an array of 2',
    'an object',
    'a function',
    'an object',
  ]);
});
