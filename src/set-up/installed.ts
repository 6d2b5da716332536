/** Finds the SDK that is installed: packages of the app, looked for at run time and named nowhere at build time. */
// The default import, because bundlers try to resolve what a named `createRequire` is called with.
import nodeModule from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { messageOf } from '../diagnostics.ts';
import { BatonError } from '../errors.ts';
import { say } from './log.ts';
import { type OtlpConfig, PROTOCOLS, type Protocol, type Sdk, sdkFrom, type Wanted } from './sdk-line.ts';

const SDK = '@opentelemetry/sdk-trace';
const BASE = '@opentelemetry/sdk-trace-base';
const CONTEXT = '@opentelemetry/context-async-hooks';
const EXPORTERS: Readonly<Record<Protocol, string>> = {
  'http/json': '@opentelemetry/exporter-trace-otlp-http',
  'http/protobuf': '@opentelemetry/exporter-trace-otlp-proto',
  grpc: '@opentelemetry/exporter-trace-otlp-grpc',
};

/**
 * The SDK that is installed for the app's entry file, else where the process was started, else beside this package.
 * @throws BatonError that names what is missing and the command that installs it
 */
export function loadSdk(wanted: Wanted = {}): Sdk {
  const looks = places().map((place) => lookFrom(place, wanted));
  const look = looks.find(({ missing }) => missing.length === 0);
  if (!look) {
    const [nearest] = looks.toSorted((a, b) => a.missing.length - b.missing.length);
    throw notInstalled(nearest?.missing ?? [BASE, EXPORTERS['http/json'], CONTEXT], wanted.protocol);
  }
  if (wanted.protocol && look.exporter && look.exporter.protocol !== wanted.protocol) {
    const { by, protocol } = wanted;
    const name = EXPORTERS[protocol];
    const instead = `${look.exporter.protocol} is used instead`;
    say('warn', `${by}: ${protocol} needs ${name}, which is not installed; ${instead}`);
  }
  try {
    return loadFrom(look as Complete);
  } catch (error) {
    if (error instanceof BatonError) throw error;
    throw new BatonError('sdk_not_installed', `OpenTelemetry's SDK cannot be loaded: ${messageOf(error)}`);
  }
}

/** A file, and what it would get by `require`. */
class Place {
  readonly #require: NodeJS.Require;

  constructor(file: string) {
    this.#require = nodeModule.createRequire(file);
  }

  find(name: string): string | undefined {
    try {
      return this.#require.resolve(name);
    } catch {
      return undefined;
    }
  }

  load(name: string): object {
    return this.#require(name) as object;
  }
}

function places(): readonly Place[] {
  // A folder that is gone has no name any more; where this file was bundled it may have none either.
  const files = [() => process.argv[1], () => join(process.cwd(), 'app.js'), () => import.meta.url];
  return files.flatMap((fileOf) => {
    try {
      const file = fileOf();
      return file && (isAbsolute(file) || file.startsWith('file:')) ? [new Place(file)] : [];
    } catch {
      return [];
    }
  });
}

interface Look {
  readonly place: Place;
  readonly missing: readonly string[];
  readonly trace: string | undefined;
  readonly context: string | undefined;
  readonly exporter: { readonly protocol: Protocol; readonly file: string } | undefined;
}

type Complete = Look & { readonly trace: string; readonly context: string };

function lookFrom(place: Place, { protocol, otlp = true }: Wanted): Look {
  const byPreference = protocol ? [protocol, ...PROTOCOLS] : PROTOCOLS;
  const installed = otlp
    ? byPreference.map((each) => ({ protocol: each, file: place.find(EXPORTERS[each]) })).find(({ file }) => file)
    : undefined;
  const exporter = installed as Look['exporter'];
  const besideExporter = exporter && new Place(exporter.file);
  const base = place.find(BASE);
  // The app's own copy is the one that it uses elsewhere. Else down the dependencies that are declared, because some package
  // managers show a package no others: an exporter has its line's `sdk-trace`, and before 2.9 `sdk-trace-base`.
  const trace =
    place.find(SDK) ??
    besideExporter?.find(SDK) ??
    (base && new Place(base).find(SDK)) ??
    base ??
    besideExporter?.find(BASE);
  const context = place.find(CONTEXT);
  const missing = [
    ...(otlp && !exporter ? [EXPORTERS[protocol ?? 'http/json']] : []),
    ...(trace ? [] : [BASE]),
    ...(context ? [] : [CONTEXT]),
  ];
  return { place, missing, trace, context, exporter };
}

function loadFrom({ place, trace, context, exporter }: Complete): Sdk {
  const sdk = new Place(trace);
  const versions = [versionOf(trace), versionOf(context), ...(exporter ? [versionOf(exporter.file)] : [])];
  const lines = new Set(versions.map(lineOf));
  const installed = versions.map(({ name, version }) => `${name}@${version}`).join(', ');
  if (lines.has('1')) {
    const message = `OpenTelemetry's SDK 1.x is too old, 2.x or 3.x is needed; installed: ${installed}. ${whatToDo()}`;
    throw new BatonError('sdk_not_installed', message);
  }
  if (lines.size > 1) {
    say('warn', `packages of two lines of OpenTelemetry's SDK do not fit together: ${installed}. ${whatToDo()}`);
  }
  return sdkFrom({
    trace: sdk.load(trace),
    resources: sdk.load('@opentelemetry/resources'),
    core: sdk.load('@opentelemetry/core'),
    contextHooks: place.load(context),
    protocol: exporter?.protocol ?? 'http/json',
    createExporter(config) {
      if (!exporter) throw notInstalled([EXPORTERS['http/json']]);
      return exporterFrom(place, exporter, config);
    },
    load: (name) => {
      const file = place.find(name);
      return file === undefined ? undefined : place.load(file);
    },
  });
}

function exporterFrom(place: Place, { protocol, file }: NonNullable<Look['exporter']>, config: OtlpConfig): object {
  const { OTLPTraceExporter } = place.load(file) as { OTLPTraceExporter: new (config: object) => object };
  if (protocol !== 'grpc' || !config.headers) return new OTLPTraceExporter(config);
  const { headers, ...rest } = config;
  const grpc = new Place(file).find('@grpc/grpc-js');
  const { Metadata } = place.load(grpc ?? '@grpc/grpc-js') as {
    Metadata: new () => { set(name: string, value: string): void };
  };
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new OTLPTraceExporter({ ...rest, metadata });
}

interface Version {
  readonly name: string;
  readonly version: string;
}

/** The package that a file belongs to. */
function versionOf(file: string): Version {
  const place = new Place(file);
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version } = place.load(join(folder, 'package.json')) as Partial<Version>;
      if (name && version) return { name, version };
    } catch {
      // A folder further up has it.
    }
  }
  return { name: file, version: '' };
}

/** Stable packages are versioned 2.12, exporters 0.223 and 0.301. */
function lineOf({ version }: Version): string {
  const [major = '', minor = ''] = version.split('.');
  return major === '0' ? (minor.length < 3 ? '1' : String(minor[0])) : major;
}

/** Pins of one line: a bare install may take packages of both, which do not fit together. */
function whatToDo(protocol: Protocol = 'http/json'): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const third = major > 22 || (major === 22 && minor >= 15);
  const packages = third
    ? ['api@1.10', 'sdk-trace@3', `${shortName(EXPORTERS[protocol])}@0.301`, 'context-async-hooks@3']
    : ['api@1.9', 'sdk-trace-base@2', `${shortName(EXPORTERS[protocol])}@0.223`, 'context-async-hooks@2'];
  return `Run\n  npm install ${packages.map((name) => `@opentelemetry/${name}`).join(' ')}\n`;
}

function shortName(name: string): string {
  return name.replace('@opentelemetry/', '');
}

function notInstalled(missing: readonly string[], protocol?: Protocol): BatonError {
  const { deno } = process.versions as Record<string, string | undefined>;
  const inDeno = deno ? `In Deno, deno.json needs "nodeModulesDir": "auto". ` : '';
  return new BatonError(
    'sdk_not_installed',
    `OpenTelemetry's SDK is not installed: ${missing.join(' and ')} cannot be found from here. ${inDeno}${whatToDo(protocol)}`,
  );
}
