import { describe, expect, it } from '@jest/globals';
import { SecretNames, withoutSecrets } from '../../src/secrets.ts';

// Each shape of text is read with n and with 8 n characters, in one run. What is linear takes 8 times as long, what is quadratic 64
// times; in between there is room for a machine that does other things as well.

const SHORT = 12_500;
const TIMES = 8;
const TOO_MUCH = 24;
const own = new SecretNames({ keys: ['iban', 'patient id'] });

const PIECES = [
  ...[
    'a',
    'A',
    '1',
    ' ',
    '\n',
    '\t',
    '"',
    "'",
    '`',
    '\\',
    '=',
    ':',
    '{',
    '}',
    '[',
    '(',
    '<',
    '>',
    ',',
    ';',
    '&',
    '%',
    '-',
    '.',
    '_',
    '$',
  ],
  ...[
    '://',
    '://:',
    '://a:',
    '://a:b@',
    '@',
    '%25',
    '%3D',
    '&amp;',
    '&amp;amp;',
    '\\"',
    '\\n',
    '\\u0041',
    '\u001b',
    '\u001b[32m',
    'é',
    '😀',
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    '-----',
    'eyJ',
    'eyJhbGciOiJI.',
    'sk-',
    'sk-a',
    'ghp_',
    'AKIA',
    'SG.a.',
  ],
  ...[
    'password',
    'password=',
    'password: ',
    'password="',
    "password='",
    'password:{',
    'password:[',
    'password:\n ',
    'password => ',
  ],
  ...[
    '"password":"',
    '\\"password\\":\\"',
    'tokens:{',
    'tokens:["',
    'name:',
    'value:',
    '"name":"password","value":',
    '["authorization",',
  ],
  ...[
    '--password ',
    '--p ',
    ' -token ',
    '<password>',
    'Bearer ',
    'Basic a',
    'cookie: a="',
    'authorization: ',
    'authorization: Digest ',
  ],
  ...[
    "PASSWORD '",
    'identified by ',
    'curl -u ',
    '-u a:',
    'https://x?token=a&',
    'Password=a;',
    'api key: ',
    'a=b ',
    '{"a":"',
    '12345678:AA',
  ],
];

const SHAPES: Readonly<Record<string, (length: number) => string>> = {
  ...Object.fromEntries(PIECES.map((piece) => [piece, (length: number) => piece.repeat(length / piece.length)])),
  // One of them long, after another long one.
  ...Object.fromEntries(
    PIECES.map((piece, index) => {
      const other = PIECES[(index * 7 + 3) % PIECES.length] as string;
      return [
        `${piece} × n, ${other} × n`,
        (length: number) => piece.repeat(length / 2 / piece.length) + other.repeat(length / 2 / other.length),
      ];
    }),
  ),
};

/** Milliseconds of CPU time: the clock on the wall also runs for others. */
function took(text: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3; time++) {
    const before = process.cpuUsage();
    withoutSecrets(text, own);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
}

describe('looking for secrets', () => {
  it.each(Object.keys(SHAPES))('takes time in proportion to the length of %j', (shape) => {
    const make = SHAPES[shape] as (length: number) => string;
    let ratio = Number.POSITIVE_INFINITY;
    for (let time = 0; time < 6 && ratio > TOO_MUCH; time++) {
      // Half a millisecond is lost in what else happens.
      ratio = Math.min(ratio, (took(make(TIMES * SHORT)) + 0.5) / (took(make(SHORT)) + 0.5));
    }
    expect(ratio).toBeLessThan(TOO_MUCH);
  });
});
