import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUnsampled, parseTraceparent } from '../../src/context/traceparent.ts';

const HEX = '0123456789abcdef'.split('');
const hex = (length: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom(...HEX), minLength: length, maxLength: length }) },
    fc.constant('0'.repeat(length)),
  );

const version = fc.oneof(fc.constant('00'), fc.constant('01'), fc.constant('ff'), hex(2));
const rest = fc.constantFrom('', '', '', '-', '-more', ' ', 'x');
const id = fc.tuple(version, hex(32), hex(16), hex(2), rest).map(([v, trace, span, flags, more]) => {
  return `${v}-${trace}-${span}-${flags}${more}`;
});

describe('an id', () => {
  it('is that of an unsampled span where its flags say so once it is parsed', () => {
    fc.assert(
      fc.property(fc.oneof(id, fc.string()), (text) => {
        expect({ text, is: isUnsampled(text) }).toEqual({ text, is: parseTraceparent(text)?.traceFlags === 0 });
      }),
      { numRuns: 2_000, examples: [[`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`]] },
    );
  });
});
