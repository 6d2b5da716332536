import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ById } from '../src/by-id.ts';

type Step = readonly [what: 'set' | 'delete' | 'clear', id: string, value: number];

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 12, arbitrary: fc.constant('set' as const) },
      { weight: 6, arbitrary: fc.constant('delete' as const) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    ),
    fc.integer({ min: 0, max: 40 }).map(String),
    fc.nat(),
  ),
  { maxLength: 200 },
);

describe('ById', () => {
  it('is a Map to everybody, few or many, that keeps the newest and knows its oldest', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 50 }), (program: readonly Step[], limit) => {
        const byId = new ById<number>(limit);
        const map = new Map<string, number>();
        for (const [what, id, value] of program) {
          if (what === 'set') {
            const first = map.keys().next().value;
            const isFull = !map.has(id) && map.size >= limit;
            if (isFull && first !== undefined) map.delete(first);
            map.set(id, value);
            expect(byId.set(id, value)).toBe(isFull);
          } else if (what === 'delete') expect(byId.delete(id)).toBe(map.delete(id));
          else {
            byId.clear();
            map.clear();
          }
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
