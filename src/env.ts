/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Those of the process, where there is one. What may not be read (Deno asks for permission) counts as not set. */
export function environment(): Env {
  return new Proxy<Env>(
    {},
    {
      get(_, name) {
        try {
          return (globalThis as { process?: { env?: Env } }).process?.env?.[String(name)];
        } catch {
          return undefined;
        }
      },
    },
  );
}
