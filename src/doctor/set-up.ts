import { context as contextApi, createContextKey, ROOT_CONTEXT, type TracerProvider } from '@opentelemetry/api';
import { findApiCopies } from './api-copies.ts';
import { type Finding, good, problem, warning } from './finding.ts';

/** Where all copies of the API of this major keep what is registered, and the version that did. */
const GLOBAL_API = Symbol.for('opentelemetry.js.api.1');
const SET_UP = 'node --import otel-baton/register app.js, or set OpenTelemetry up before the first session';

interface Registered {
  readonly version?: string;
  readonly trace?: object;
}

export function checkProvider(provider: TracerProvider | undefined, missed: number): Finding[] {
  if (!provider) {
    const registered = (globalThis as { [GLOBAL_API]?: Registered })[GLOBAL_API];
    if (!registered?.trace)
      return [problem('provider', 'no tracer provider is registered: nothing is recorded', SET_UP)];
    return [
      problem(
        'api_copies',
        `a tracer provider is registered, but with version ${registered.version} of @opentelemetry/api, and Baton loads a newer copy that cannot use it`,
        'have one copy: `npm ls @opentelemetry/api`, then align the versions, or `overrides` in package.json',
      ),
    ];
  }
  const found = [good('provider', `a tracer provider is registered (${provider.constructor?.name ?? 'unnamed'})`)];
  if (missed > 0) {
    found.push(
      warning(
        'provider_late',
        `${missed} sessions, runs, steps or calls started before the tracer provider was registered: they are not recorded`,
        `register it first: ${SET_UP}`,
      ),
    );
  }
  return found;
}

const PROBE = createContextKey('otel-baton.doctor.probe');

/** A context that is active in a callback, and is still so after an `await` in it. */
export async function checkContextManager(): Promise<Finding> {
  const inside = (): unknown => contextApi.active().getValue(PROBE);
  const [before, after] = await contextApi.with(ROOT_CONTEXT.setValue(PROBE, 'here'), async () => {
    const now = inside();
    await new Promise((resolve) => setTimeout(resolve, 1));
    return [now, inside()];
  });
  if (after === 'here') return good('context_manager', 'the async context is carried across await');
  const fix = 'NodeSDK and otel-baton/register bring one; or name the ids: sessionId, runId, parentRunId';
  return before === 'here'
    ? warning('context_manager', 'the context manager loses the context across await: spans will be flat', fix)
    : warning('context_manager', 'there is no context manager: spans will be flat where no id is named', fix);
}

/** On Node, Bun and Deno: the copies of the API on the disk. Elsewhere nobody can look. */
export function checkApiCopies(): Finding[] {
  const { process } = globalThis as {
    process?: { cwd?: () => string; getBuiltinModule?: (name: string) => unknown };
  };
  const files = process?.getBuiltinModule?.('node:fs') as Parameters<typeof findApiCopies>[1] | undefined;
  if (!files || !process?.cwd) return [];
  const copies = findApiCopies(process.cwd().replaceAll('\\', '/'), files);
  const versions = new Set(copies.map(({ version }) => version));
  const [only] = copies;
  if (!only) return [];
  if (versions.size === 1) {
    const places = copies.length === 1 ? '' : `, in ${copies.length} places, which share what is registered`;
    return [good('api_copies', `@opentelemetry/api ${only.version}${places}`)];
  }
  return [
    warning(
      'api_copies',
      `several versions of @opentelemetry/api are installed, and a newer one cannot use what an older one registered: ${copies
        .map(({ path, version }) => `${version} in ${path}`)
        .join(', ')}`,
      '`npm ls @opentelemetry/api`, then align the versions, or `overrides` in package.json',
    ),
  ];
}
