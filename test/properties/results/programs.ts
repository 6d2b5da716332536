/** Random programs around what callbacks give: a result goes through scopes, is kept, given again, and used. */
import fc from 'fast-check';
import { type Script, scripts } from './kind.ts';
import { KINDS } from './kinds.ts';
import { USES } from './uses.ts';

export type ScopeName = 'session' | 'per-run' | 'run' | 'step' | 'tool' | 'model' | 'approval';

type UntilName = 'none' | 'promise' | 'rejection' | 'thrown' | 'stream' | 'iterable' | 'undefined' | 'itself' | 'never';

export interface Layer {
  readonly scope: ScopeName;
  /** An `async` callback, so that the scope gives a promise. */
  readonly async: boolean;
  readonly early: 'no' | 'end' | 'fail';
  readonly until: UntilName;
  /** Says more inside: events, errors that were dealt with, metadata, a handoff that nobody takes. */
  readonly says: boolean;
  /** The signal that stops it. */
  readonly signal: 'none' | 'aborted' | 'aborts later';
}

export interface Chain {
  /** The outermost scope gives nothing: what it has made is read after its end. */
  readonly escapes: boolean;
  readonly layers: readonly Layer[];
}

export interface Program {
  readonly kind: string;
  readonly script: Script;
  /** The first makes the result, the others give it again. */
  readonly chains: readonly Chain[];
  readonly uses: readonly { readonly how: string; readonly many: number }[];
  /** The other chains give it after so many uses. */
  readonly againAfter: number;
  readonly reader: 'nowhere' | 'in a run';
}

const rarely = <T>(usual: T, others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

const layer: fc.Arbitrary<Layer> = fc.record(
  {
    scope: fc.constantFrom<ScopeName[]>('session', 'run', 'step', 'tool', 'model', 'approval'),
    async: rarely(false, [true]),
    early: rarely<Layer['early']>('no', ['end', 'fail']),
    says: rarely(false, [true]),
    signal: rarely<Layer['signal']>('none', ['aborted', 'aborts later']),
    until: rarely<UntilName>('none', [
      'promise',
      'rejection',
      'thrown',
      'stream',
      'iterable',
      'undefined',
      'itself',
      'never',
    ]),
  },
  { noNullPrototype: true },
);

const chain: fc.Arbitrary<Chain> = fc
  .record(
    {
      escapes: rarely(false, [true]),
      layers: fc
        .tuple(rarely<ScopeName>('session', ['run', 'per-run']), layer, fc.array(layer, { maxLength: 4 }))
        .map(([scope, first, more]) => {
          const outer: Layer = { ...first, scope, early: 'no' };
          // Steps and calls stand in a run. What begins in a session that is over is no matter of results.
          const run: Layer = { ...first, scope: 'run', until: 'none', early: 'no' };
          return [outer, ...more].flatMap((one) =>
            one.scope === 'session' || one.scope === 'per-run' ? [{ ...one, early: 'no' as const }, run] : [one],
          );
        }),
    },
    { noNullPrototype: true },
  )
  .map((one) => (one.escapes ? synchronous(one) : one));

/** A promise around a result asks for its `then` by itself, as an async function does. */
function synchronous({ escapes, layers }: Chain): Chain {
  return { escapes, layers: layers.map((one) => ({ ...one, async: false })) };
}

/** Programs around one kind of result. */
export function programsOf(kind: string): fc.Arbitrary<Program> {
  return fc.record(
    {
      kind: fc.constant(kind),
      script: scripts,
      chains: fc
        .oneof({ weight: 3, arbitrary: fc.tuple(chain) }, fc.array(chain, { minLength: 1, maxLength: 3 }))
        .map((chains) => (KINDS[kind]?.counts ? chains.map(synchronous) : chains)),
      uses: fc.array(
        fc.record(
          { how: fc.constantFrom(...Object.keys(USES[KINDS[kind]?.family ?? 'value'])), many: fc.nat(4) },
          { noNullPrototype: true },
        ),
        { maxLength: 3 },
      ),
      againAfter: fc.nat(2),
      reader: fc.constantFrom('nowhere' as const, 'in a run' as const),
    },
    { noNullPrototype: true },
  );
}
