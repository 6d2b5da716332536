/**
 * `OTEL_EXPORTER_OTLP_*`. OpenTelemetry's exporter reads them by itself; here is what it would get wrong (an address of
 * another scheme, a timeout that no timer can hold), and a warning for what it cannot use, which it does not always name.
 */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import type { Env } from '../env.ts';
import { LONGEST_TIMER_MS } from '../time-limit.ts';
import { numberFrom, textFrom, warnOf } from './environment.ts';
import type { OtlpConfig, Protocol } from './sdk-line.ts';

const PREFIX = 'OTEL_EXPORTER_OTLP_';
const DEFAULT_ENDPOINT = 'http://localhost:4318/v1/traces';
const DEFAULT_TIMEOUT_MS = 10_000;

/** What the exporter must be told beside the variables. */
export function otlpConfigFrom(env: Env, protocol: Protocol): OtlpConfig {
  checkHeaders(env);
  checkFiles(env);
  return {
    ...(protocol === 'grpc' ? {} : endpointFrom(env)),
    ...timeoutFrom(env),
    ...compressionFrom(env),
  };
}

/** The names of a setting, the one for traces first, which goes before the one for all signals. */
function namesOf(setting: string): readonly [string, string] {
  return [`${PREFIX}TRACES_${setting}`, `${PREFIX}${setting}`];
}

/** Nothing where the exporter reads it right. */
function endpointFrom(env: Env): OtlpConfig {
  const [traces, all] = namesOf('ENDPOINT').map((name) => {
    const given = textFrom(env, name);
    if (given === undefined || isHttp(given)) return { url: given };
    warnOf(name, 'an address such as "http://localhost:4318"', given, 'it counts as not set');
    return { junk: true };
  });
  if (!traces?.junk && !all?.junk) return {};
  const url = traces?.url ?? (all?.url && `${all.url.replace(/\/$/, '')}/v1/traces`);
  return { url: url ?? DEFAULT_ENDPOINT };
}

export function isHttp(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}

function timeoutFrom(env: Env): OtlpConfig {
  const [traces, all] = namesOf('TIMEOUT');
  if (!textFrom(env, traces) && !textFrom(env, all)) return {};
  const ms = numberFrom(env, traces, { otherwise: numberFrom(env, all, { otherwise: DEFAULT_TIMEOUT_MS }) });
  // No limit, says the specification, is a timeout of 0.
  return { timeoutMillis: ms || LONGEST_TIMER_MS };
}

/**
 * Packed where nothing is said, which the specification leaves open: a tenth of the bytes (of JSON a twentieth), for half as much
 * time as it takes to write them, in a thread beside the app's (`npm run bench -- wire`).
 */
function compressionFrom(env: Env): OtlpConfig {
  for (const name of namesOf('COMPRESSION')) {
    const given = textFrom(env, name);
    const compression = given?.toLowerCase();
    if (compression === 'gzip' || compression === 'none') return { compression };
    if (given) warnOf(name, 'gzip or none', given, 'it counts as not set, and the default is gzip');
  }
  return { compression: 'gzip' };
}

/** Values are secrets more often than not, and are not shown. */
function checkHeaders(env: Env): void {
  for (const name of namesOf('HEADERS')) {
    const entries = (textFrom(env, name) ?? '').split(',').filter((entry) => entry.trim());
    for (const [index, entry] of entries.entries()) {
      const instead = whyNoHeader(entry);
      if (instead) warnOf(name, 'name=value,name=value, percent-encoded', `entry ${index + 1}`, instead);
    }
  }
}

function whyNoHeader(entry: string): string | undefined {
  const [name = '', ...values] = entry.split('=');
  let header: [string, string];
  try {
    header = [decodeURIComponent(name.trim()), decodeURIComponent(values.join('=').trim())];
  } catch {
    return 'it is left out, and by default there are none';
  }
  if (!header[0] || values.length === 0) return 'it is left out, and by default there are none';
  try {
    new Headers([header]);
    return undefined;
  } catch {
    return 'HTTP has no such header, and nothing can be sent with it';
  }
}

function checkFiles(env: Env): void {
  const defaults = { CERTIFICATE: "the system's own", CLIENT_KEY: 'none', CLIENT_CERTIFICATE: 'none' };
  for (const [setting, otherwise] of Object.entries(defaults)) {
    const name = namesOf(setting).find((each) => textFrom(env, each));
    const path = name && textFrom(env, name);
    if (!path) continue;
    try {
      accessSync(resolve(path), constants.R_OK);
    } catch {
      warnOf(name, 'a file that can be read', path, `it counts as not set, and the default is ${otherwise}`);
    }
  }
}
