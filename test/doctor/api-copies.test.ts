import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findApiCopies } from '../../src/doctor/api-copies.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-baton-copies-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(path: string, version: string): void {
  const place = join(folder, path, 'node_modules/@opentelemetry/api');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ version }));
}

const copies = (from = folder): string[] =>
  findApiCopies(from, { readFileSync, readdirSync })
    .map(({ path, version }) => `${version} ${path.replace(folder, '…')}`)
    .sort();

describe('the copies of the API that an app can see', () => {
  it('are its own, those nested in its packages, and those of the folders above', () => {
    install('', '1.9.1');
    install('app', '1.10.0');
    install('app/node_modules/vendor', '1.4.0');
    install('app/node_modules/@scope/vendor', '1.8.0');
    expect(copies(join(folder, 'app'))).toEqual([
      '1.10.0 node_modules/@opentelemetry/api',
      '1.4.0 node_modules/vendor/node_modules/@opentelemetry/api',
      '1.8.0 node_modules/@scope/vendor/node_modules/@opentelemetry/api',
      '1.9.1 …/node_modules/@opentelemetry/api',
    ]);
  });

  it("are found in pnpm's store", () => {
    install('node_modules/.pnpm/@opentelemetry+api@1.9.1', '1.9.1');
    install('node_modules/.pnpm/@opentelemetry+api@1.10.0', '1.10.0');
    expect(copies()).toEqual([
      '1.10.0 node_modules/.pnpm/@opentelemetry+api@1.10.0/node_modules/@opentelemetry/api',
      '1.9.1 node_modules/.pnpm/@opentelemetry+api@1.9.1/node_modules/@opentelemetry/api',
    ]);
  });

  it('are none where nothing is installed, or what is there cannot be read', () => {
    expect(copies()).toEqual([]);
    install('', '1.9.1');
    writeFileSync(join(folder, 'node_modules/@opentelemetry/api/package.json'), '{ broken');
    expect(copies()).toEqual([]);
  });
});
