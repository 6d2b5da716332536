/** What all spans of a process have in common. */
import type { Env } from '../env.ts';
import { textFrom, warnOf } from './environment.ts';
import type { RegisterOptions } from './options.ts';
import type { MergeableResource, Sdk } from './sdk-line.ts';

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are read by OpenTelemetry's own detector. */
export function resourceFrom({ resources }: Sdk, options: RegisterOptions, env: Env): MergeableResource {
  checkAttributes(env);
  const { envDetector, hostDetector, serviceInstanceIdDetector } = resources;
  const detectors = [envDetector, hostDetector, serviceInstanceIdDetector];
  // Not the process detector: it sends the command line along, and command lines hold secrets.
  const given: Record<string, string | number> = {
    'process.pid': process.pid,
    ...runtime(),
    ...options.resource,
  };
  if (options.serviceName) given['service.name'] = options.serviceName;
  if (options.serviceVersion) given['service.version'] = options.serviceVersion;
  return resources
    .defaultResource()
    .merge(resources.detectResources({ detectors }))
    .merge(resources.resourceFromAttributes(given));
}

/** Bun and Deno say that they are Node, too. */
function runtime(): Record<string, string> {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  const name = bun ? 'bun' : deno ? 'deno' : 'nodejs';
  return { 'process.runtime.name': name, 'process.runtime.version': bun ?? deno ?? node ?? '' };
}

/** The detector leaves out all for one bad entry, as the specification says, and tells nobody. */
function checkAttributes(env: Env): void {
  const NAME = 'OTEL_RESOURCE_ATTRIBUTES';
  const bad = (textFrom(env, NAME) ?? '').split(',').find((entry) => entry.trim() && !isAttribute(entry));
  if (bad !== undefined) {
    warnOf(
      NAME,
      'name=value,name=value, percent-encoded',
      bad,
      'none of its attributes is taken, which is the default',
    );
  }
}

function isAttribute(entry: string): boolean {
  try {
    const [name = '', ...values] = entry.split('=').map((part) => decodeURIComponent(part.trim()));
    return values.length === 1 && name.length > 0 && name.length < 256 && String(values[0]).length < 256;
  } catch {
    return false;
  }
}
