import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

// Docker does not run here: what can be said of the file without it.

interface Service {
  readonly profiles: readonly string[];
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, object>>;
}

const { services, volumes } = parse(readFileSync('deploy/docker-compose.yaml', 'utf8')) as Compose;

describe.each(Object.entries(services))('the container of %s', (name, service) => {
  const mounts = (service.volumes ?? []).map((volume) => volume.split(':') as [string, string, string?]);
  const files = mounts.filter(([source]) => source.startsWith('./')).map(([source]) => `deploy/${source.slice(2)}`);
  const configs = files.filter((file) => /\.(yaml|json)$/.test(file));

  it('is of one exact version, the one that its configuration was checked with', () => {
    const version = /:v?(\d+\.\d+\.\d+)$/.exec(service.image)?.[1];
    expect(version).toBeDefined();
    const checkedWith = configs.map((file) => /checked with ([\d.]+)/.exec(readFileSync(file, 'utf8'))?.[1]);
    for (const wanted of checkedWith) if (wanted !== undefined) expect(`${version}.`).toContain(`${wanted}.`);
  });

  it('is given what exists, read-only, or a volume of its own', () => {
    for (const [source, , mode] of mounts) {
      if (!source.startsWith('./')) expect(volumes).toHaveProperty(source);
      else expect([source, existsSync(`deploy/${source}`), mode]).toEqual([source, true, 'ro']);
    }
  });

  it('starts with a configuration that it was given, and that the tests start, too', () => {
    const asked = (service.command ?? []).flatMap((word) => /\/etc\/baton\/\S+/.exec(word) ?? []);
    const targets = mounts.map(([, target]) => target);
    expect(targets).toEqual(expect.arrayContaining(asked));
    const tests = textBelow('test/backends/support');
    for (const config of configs.filter((file) => file.endsWith('.yaml'))) expect(tests).toContain(config);
  });

  it('sets variables that its configuration knows', () => {
    const known = files.map((file) => (configs.includes(file) ? readFileSync(file, 'utf8') : textBelow(file))).join();
    const ours = Object.keys(service.environment ?? {}).filter((variable) => !variable.startsWith('GF_'));
    for (const variable of ours) expect(known).toMatch(new RegExp(`\\$\\{?(env:)?${variable}\\b`));
  });

  it('is reached from this machine alone, and reaches only what runs beside it', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
    const profiles = (other: string) => services[other]?.profiles ?? [];
    for (const other of service.depends_on ?? []) expect(profiles(other)).toEqual(service.profiles);
    for (const value of Object.values(service.environment ?? {})) {
      const [, host] = /^http:\/\/(\w+):/.exec(value) ?? [];
      if (host !== undefined) expect([name, profiles(host)]).toEqual([name, service.profiles]);
    }
  });
});

it('no two containers that run together want the same port', () => {
  for (const profile of new Set(Object.values(services).flatMap(({ profiles }) => profiles))) {
    const together = Object.values(services).filter(({ profiles }) => profiles.includes(profile));
    const ports = together.flatMap(({ ports = [] }) => ports);
    expect(new Set(ports).size).toBe(ports.length);
  }
});

function textBelow(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => (entry.isFile() ? readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`, 'utf8') : ''))
    .join();
}
