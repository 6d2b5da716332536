import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Newest } from '../src/newest.ts';

type Step = readonly [what: 'set' | 'delete', id: string, value: number];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
    fc.integer({ min: 0, max: 40 }).map(String),
    fc.nat(),
  ),
  { maxLength: 200 },
);

describe('Newest', () => {
  it('is a Map to everybody, few or many, and knows its oldest', () => {
    fc.assert(
      fc.property(steps, (program: readonly Step[]) => {
        const byId = new Newest<number>();
        const map = new Map<string, number>();
        for (const [what, id, value] of program) {
          if (what === 'set') {
            byId.set(id, value);
            map.set(id, value);
          } else expect(byId.delete(id)).toBe(map.delete(id));
          expect([byId.size, byId.oldest, byId.get(id), byId.has(id)]).toEqual([
            map.size,
            map.keys().next().value,
            map.get(id),
            map.has(id),
          ]);
        }
      }),
    );
  });
});
