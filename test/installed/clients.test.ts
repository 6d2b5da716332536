import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Played, recordedOf, table, wentOutside } from './support/played.ts';
import { shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// The packed package around real clients with scripted answers. Each program in programs/clients plays the ways of using one
// client: without Baton, with Baton off, with a sampler that drops it, inside a session, and as a session of its own. What the app
// sees is the same each time, and what is recorded stands in the text beside the program. Run by `npm run test:package`.

/** Exact, so that a test that fails tomorrow has the same reason as today. */
const SDK = ['api@1.9.1', 'sdk-trace-base@2.12.1', 'context-async-hooks@2.12.0', 'otlp-transformer@0.223.1'];
const CLIENTS = {
  openai: ['openai@6.49.0'],
  anthropic: ['@anthropic-ai/sdk@1.14.0'],
  ai6: ['ai6@npm:ai@6.0.326'],
  ai7: ['ai7@npm:ai@7.0.173'],
  langchain: ['@langchain/core@1.4.0', '@langchain/langgraph@1.7.3'],
  mongodb: ['mongodb@7.9.0'],
  bluebird: ['bluebird@3.7.2'],
  // The database of better-sqlite3, built for each machine, is that of libsql here, which comes built.
  knex: ['knex@3.3.0', 'better-sqlite3@npm:libsql@0.5.29'],
  winston: ['winston@3.19.0'],
  http: ['node-fetch@3.3.2', 'node-fetch2@npm:node-fetch@2.7.0', 'undici@7.30.2', 'axios@1.21.1'],
  servers: ['hono@4.13.19', '@hono/node-server@2.1.9', 'express@5.3.0'],
} as const;
const PROGRAMS = 'test/installed/programs/clients';
const NODES = [undefined, '24.21.0'];
const MODES = ['without', 'off', 'unsampled', 'inside', 'outermost'];

const workshop = shareWorkshop();
const apps: UserApp[] = [];

beforeAll(async () => {
  const packages = [...SDK.map((name) => `@opentelemetry/${name}`), ...Object.values(CLIENTS).flat(), 'zod@4.6.7'];
  const programs = readdirSync(PROGRAMS).filter((name) => name.endsWith('.mjs'));
  const files = Object.fromEntries(programs.map((name) => [name, readFileSync(`${PROGRAMS}/${name}`, 'utf8')]));
  apps.push(...(await Promise.all(NODES.map((node) => workshop.app({ packages, node, files })))));
}, 240_000);

async function play(app: UserApp, client: string, mode: string): Promise<readonly Played[]> {
  const { stdout } = await app.run(['--expose-gc', 'play.mjs', client, mode]);
  const { played, warnings } = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
  expect({ mode, warnings }).toEqual({ mode, warnings: [] });
  return played;
}

function seen(played: readonly Played[]): Record<string, readonly string[]> {
  return Object.fromEntries(played.map((each) => [each.way, each.seen]));
}

describe.each(Object.keys(CLIENTS))('%s', (client) => {
  let all: readonly (readonly (readonly Played[])[])[];

  // All at once: nearly all of the time is waiting for answers.
  beforeAll(async () => {
    all = await Promise.all(apps.map((app) => Promise.all(MODES.map((mode) => play(app, client, mode)))));
  }, 240_000);

  it.each(NODES.map((node, index) => [node ?? 'the Node that runs the test', index] as const))(
    'the app sees what it sees without Baton, and each span ends when its work does: %s',
    (_, index) => {
      const [without = [], off = [], unsampled = [], inside = [], outermost = []] = all[index] ?? [];
      for (const played of [off, unsampled, inside, outermost]) expect(seen(played)).toEqual(seen(without));
      expect(without.flatMap((each) => each.seen).filter((said) => said.startsWith('not caught'))).toEqual([]);

      const expected = readFileSync(`${PROGRAMS}/${client}.txt`, 'utf8');
      expect(table(inside, without)).toBe(expected);
      expect(table(outermost, without)).toBe(expected);
      // What is dropped takes along what is inside of it.
      expect(unsampled.map(recordedOf)).toEqual(outermost.map(wentOutside));
    },
  );
});
