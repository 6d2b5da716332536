interface Kinds {
  readonly version: string;
  readonly kinds: readonly (readonly [prefix: string, isBase64: boolean])[];
}
export function readKinds(): Kinds;
export function render(kinds: Kinds): string;
