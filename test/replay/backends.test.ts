import { afterEach, describe, expect, it } from '@jest/globals';
import { BackendError, readFromJaeger, readFromTempo } from '../../src/replay.ts';
import { type Backend, httpBackend } from '../doctor/backend.ts';

// What stands between us and a backend. What the backends themselves answer is in test/backends.

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
