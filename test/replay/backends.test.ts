import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  BackendError,
  readFromJaeger,
  readFromTempo,
  readRecentFromJaeger,
  readRecentFromTempo,
} from '../../src/replay.ts';
import { type Backend, httpBackend } from '../doctor/backend.ts';
import { toOtlpLine } from './otlp-request.ts';
import { Recording } from './recording.ts';

// What stands between us and a backend. What the backends themselves answer is in test/backends.

// Answers of many megabytes take their time on a busy machine.
jest.setTimeout(120_000);

let server: Backend | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const query = { sessionId: 'S-1' };

async function messageOf(reading: Promise<unknown>): Promise<string> {
  const error = await reading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BackendError);
  return (error as Error).message;
}

describe('a backend behind a door', () => {
  it('gets the credentials of its address, which no message repeats, and the headers', async () => {
    const seen: unknown[] = [];
    server = await httpBackend(({ headers, url = '' }, response) => {
      seen.push([headers.authorization, headers['x-scope-orgid'], url.split('?')[0]]);
      response.writeHead(401).end('who are you?');
    });
    const url = `${server.url.replace('//', '//user:p%40ss@')}/tempo/`;
    const reading = readFromTempo(url, { ...query, headers: { 'X-Scope-OrgID': 'team-a' } });
    expect(await messageOf(reading)).toBe(
      `Tempo at ${server.url}/tempo answered 401 to /api/search: who are you?; it wants a token: give it as a header`,
    );
    expect(seen).toEqual([[`Basic ${btoa('user:p@ss')}`, 'team-a', '/tempo/api/search']]);
  });

  it('is told from a page for people', async () => {
    server = await httpBackend((_request, response) => response.writeHead(200).end('<!doctype html><p>Log in</p>'));
    const said = `answered to /api/v3/traces what is none of its answers: <!doctype html><p>Log in</p>; expected the address of Jaeger's API, such as http://localhost:16686`;
    expect(await messageOf(readFromJaeger(server.url, query))).toBe(`Jaeger at ${server.url} ${said}`);
    expect(await messageOf(readFromTempo(server.url, query))).toContain('what is none of its answers');
  });

  it('may take as long as it wants, when that is what was asked for', async () => {
    server = await httpBackend((_request, response) => response.writeHead(200).end('{"traces":[]}'));
    for (const timeoutMs of [Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 40, 999.5, Number.NaN]) {
      expect(await readFromTempo(server.url, { ...query, timeoutMs })).toEqual({ spans: [], problems: [] });
    }
  });

  it('may be asked for all that there is', async () => {
    const asked: string[] = [];
    server = await httpBackend(({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(200).end(url.startsWith('/api/search') ? '{"traces":[]}' : toOtlpLine(new Recording().spans));
    });
    const everything = { ...query, lookBackMs: Number.POSITIVE_INFINITY };
    expect(await readFromTempo(server.url, everything)).toEqual({ spans: [], problems: [] });
    expect(await readFromJaeger(server.url, everything)).toEqual({ spans: [], problems: [] });
    expect(asked.map((url) => new URLSearchParams(url.split('?')[1]))).toMatchObject([
      expect.objectContaining({ size: 5 }),
      expect.objectContaining({ size: 4 }),
    ]);
    expect(asked[0]).toContain('start=0&');
    expect(asked[1]).toContain('query.startTimeMin=1970-01-01');
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('is read no further than 64 MB, also when that is a few kilobytes of %s', async (encoding, pack) => {
    const packed = pack(Buffer.alloc(80 * 2 ** 20, ' '));
    expect(packed.length).toBeLessThan(200_000);
    server = await httpBackend((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(packed);
    });
    expect(await messageOf(readFromJaeger(server.url, query))).toBe(
      `Jaeger at ${server.url} answers too much: its answer is larger than 64 MB; look back less far, or ask for less`,
    );
  });

  it('is read no further than 64 MB, when its answer never ends', async () => {
    server = await httpBackend((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(2 ** 20, ' ')));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await messageOf(readFromTempo(server.url, query))).toContain('its answer is larger than 64 MB');
  });

  it('is given up when its answer comes too slowly', async () => {
    server = await httpBackend((_request, response) => {
      response.writeHead(200).write('{"traces":');
    });
    expect(await messageOf(readFromTempo(server.url, { ...query, timeoutMs: 200 }))).toContain(
      'no answer within 0.2 s',
    );
  });

  it('may say anything at all: what it says is read, or told in a sentence', async () => {
    const nested = '['.repeat(50_000) + ']'.repeat(50_000);
    const trace = { traceID: 'abc', startTimeUnixNano: 'NESTED' };
    const answers = [
      'null',
      '[]',
      '""',
      '{}',
      nested,
      '{"result":',
      `{"result":${nested}}`,
      `{"traces":${nested},"services":${nested},"operations":${nested}}`,
      JSON.stringify({
        traces: [trace, { traceID: 'NESTED' }, { traceID: '../../secret' }],
        services: ['a', 'NESTED', 7],
      }),
      JSON.stringify({ services: ['a'], operations: [{ name: 'NESTED' }, { name: 'invoke_agent x' }] }),
      JSON.stringify({
        services: ['a'],
        operations: [{ name: 'invoke_agent x' }],
        summaries: [{ traceId: 'NESTED' }, { traceId: 'ab', minStartTimeUnixNano: 'soon' }],
      }),
      JSON.stringify({
        traces: [trace],
        trace: { resourceSpans: ['NESTED'], batches: 'NESTED' },
        status: 'PARTIAL',
        message: 'NESTED',
      }),
      JSON.stringify({ error: { message: 'x'.repeat(10_000) } }),
    ].map((text) => text.replaceAll('"NESTED"', nested));
    let [status, answer] = [200, ''];
    const paths = new Set<string>();
    server = await httpBackend(({ url = '' }, response) => {
      paths.add(url.split('?')[0] ?? '');
      response.writeHead(status).end(answer);
    });
    const { url } = server;
    for (status of [200, 404, 500]) {
      for (answer of answers) {
        const readings = [
          readFromJaeger(url, query),
          readFromTempo(url, query),
          readRecentFromJaeger(url),
          readRecentFromTempo(url),
        ];
        for (const reading of readings) {
          const told = await reading.then(
            ({ problems }) => problems.join(),
            (error: unknown) => (error instanceof BackendError ? error.message : `not told: ${error}`),
          );
          expect(told).not.toContain('not told');
          expect(told.length).toBeLessThan(1_000);
        }
      }
    }
    expect([...paths].filter((path) => path.includes('secret') || path.includes('[['))).toEqual([]);
  });

  it('is given up when it takes too long', async () => {
    server = await httpBackend(() => {});
    const said = 'does not answer: no answer within 0.1 s; expected the address';
    expect(await messageOf(readFromJaeger(server.url, { ...query, timeoutMs: 100 }))).toContain(said);
  });

  it.each([
    ['http://:100%@', `Basic ${btoa(':100%')}`],
    ['http://ada:p%40%25@', `Basic ${btoa('ada:p@%')}`],
    ['http://ada@', `Basic ${btoa('ada:')}`],
  ])('gets the credentials of its address, however they are written: %s', async (user, expected) => {
    const seen: unknown[] = [];
    server = await httpBackend(({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(401).end();
    });
    expect(await messageOf(readFromTempo(server.url.replace('http://', user), query))).not.toMatch(/100|p%40|ada/);
    expect(seen).toEqual([expected]);
  });

  it('may send whoever asks to another path, and nobody to another address', async () => {
    const seen: unknown[] = [];
    const stranger = await httpBackend(({ headers }, response) => {
      seen.push(headers);
      response.writeHead(200).end('{}');
    });
    server = await httpBackend(({ url = '', headers }, response) => {
      const location = url.startsWith('/moved') ? `${stranger.url}${url}?token=hunter2` : `/moved${url}`;
      seen.push(`${url.split('?')[0]} ${headers['x-key']}`);
      response.writeHead(302, { location }).end();
    });
    try {
      const message = await messageOf(readFromTempo(server.url, { ...query, headers: { 'x-key': 'hunter2' } }));
      expect(message).toBe(
        `Tempo at ${server.url} redirects to ${stranger.url}/moved/api/search, which is not asked; name the address itself, if you trust it`,
      );
      expect(seen).toEqual(['/api/search hunter2', '/moved/api/search hunter2']);
    } finally {
      await stranger.close();
    }
  });

  it('hears of no header that cannot be sent, and neither does whoever reads the message', async () => {
    const headers = { 'x-key': 'hunter2\nhunter3' };
    expect(await messageOf(readFromJaeger('http://127.0.0.1:9', { ...query, headers }))).not.toContain('hunter');
  });
});
