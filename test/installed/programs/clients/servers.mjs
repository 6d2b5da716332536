// Handlers of HTTP servers: what they return is what the framework sends. Each answer is read from a real socket, head and body.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { aWhile, slowly } from './answers.mjs';

/** What came, as it came: the lines of the head but for the date, and the body. */
async function knock(port, { leaveAfter } = {}) {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
    if (leaveAfter && answer.includes(leaveAfter)) socket.destroy();
  });
  await once(socket, 'close');
  return answer.replace(/^date: .*\r\n/im, '').replaceAll('\r\n', '\n');
}

/** A server for one handler, asked once. */
async function ask(listen, options) {
  const server = await listen();
  try {
    return await knock(server.address().port, options);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const bodyOf = () => ReadableStream.from(slowly()).pipeThrough(new TextEncoderStream());

function onHono(handler, options) {
  const app = new Hono();
  app.get('/', handler);
  app.onError((error, c) => c.text(`told: ${error.message}`, 500));
  const listen = () =>
    new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server));
    });
  return ask(listen, options);
}

async function onExpress(handler) {
  const app = express();
  app.get('/', handler);
  return ask(async () => {
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  });
}

async function onNode(handler) {
  return ask(async () => {
    const server = createServer(handler).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  });
}

export const ways = {
  'hono, c.text()': async ({ call, see }) => see(await onHono((c) => call(() => c.text('hello')))),
  'hono, c.json() with headers': async ({ call, see }) =>
    see(await onHono((c) => call(() => c.json({ one: 1 }, 201, { 'x-app': 'shop' })))),
  'hono, c.body() of nothing': async ({ call, see }) => see(await onHono((c) => call(() => c.body(null, 204)))),
  'hono, c.redirect()': async ({ call, see }) => see(await onHono((c) => call(() => c.redirect('/there')))),
  'hono, an async handler': async ({ call, see }) =>
    see(
      await onHono((c) =>
        call(async () => {
          await aWhile();
          return c.text('hello');
        }),
      ),
    ),
  'hono, new Response()': async ({ call, see }) => see(await onHono(() => call(() => new Response('hello')))),
  'hono, Response.json()': async ({ call, see }) => see(await onHono(() => call(() => Response.json({ one: 1 })))),
  'hono, new Response() of a stream': async ({ call, see }) =>
    see(await onHono(() => call(() => new Response(bodyOf(), { headers: { 'content-type': 'text/plain' } })))),
  'hono, c.body() of a stream': async ({ call, see }) => see(await onHono((c) => call(() => c.body(bodyOf())))),
  'hono, stream()': async ({ call, see }) =>
    see(
      await onHono((c) =>
        call(() =>
          stream(c, async (out) => {
            for await (const part of slowly()) await out.write(part);
          }),
        ),
      ),
    ),
  'hono, streamText()': async ({ call, see }) =>
    see(
      await onHono((c) =>
        call(() =>
          streamText(c, async (out) => {
            for await (const part of slowly()) await out.write(part);
          }),
        ),
      ),
    ),
  'hono, streamSSE(), and the customer leaves': async ({ call, see }) => {
    let aborted;
    await onHono(
      (c) =>
        call(() =>
          streamSSE(c, async (out) => {
            out.onAbort(() => (aborted = true));
            for await (const data of slowly()) await out.writeSSE({ data });
          }),
        ),
      { leaveAfter: 'three' },
    );
    await aWhile();
    see(aborted);
  },
  'hono, a handler that throws': async ({ call, see }) =>
    see(
      await onHono(() =>
        call(async () => {
          await aWhile();
          throw new Error('no order');
        }),
      ),
    ),
  "hono's app.request()": async ({ call, see }) => {
    const app = new Hono().get('/', (c) => c.body(bodyOf()));
    const response = await call(() => app.request('/'));
    see(response.status, await response.text());
  },
  "hono's app.request(), text inside": async ({ call, see }) => {
    const app = new Hono().get('/', (c) => c.text('hello'));
    see(await (await call(() => app.request('/'))).text());
  },
  "hono's middleware": async ({ call, see }) => {
    const app = new Hono();
    app.use((_, next) => call(() => next()));
    app.get('/', async (c) => {
      await aWhile();
      return c.text('hello');
    });
    see(await (await app.request('/')).text());
  },
  'express, res is returned': async ({ call, see }) =>
    see(await onExpress((_, res) => call(() => res.status(201)).json({ one: 1 }))),
  'express, res.json() is returned': async ({ call, see }) =>
    see(await onExpress((_, res) => call(() => res.json({ one: 1 })))),
  'express, res.json() in an async handler': async ({ call, see }) =>
    see(
      await onExpress((_, res) =>
        call(async () => {
          await aWhile();
          return res.json({ one: 1 });
        }),
      ),
    ),
  'express, res is written to later': async ({ call, see }) =>
    see(
      await onExpress(async (_, res) => {
        const given = call(() => res);
        for await (const part of slowly()) given.write(part);
        given.end();
      }),
    ),
  'express, a handler that throws': async ({ call, see }) => {
    const answer = await onExpress((_, _res) =>
      call(async () => {
        await aWhile();
        throw new Error('no order');
      }),
    );
    see(answer.split('\n')[0]);
  },
  "node's http, req is returned": async ({ call, see }) =>
    see(
      await onNode(async (req, res) => {
        const given = call(() => req);
        for await (const _ of given);
        await aWhile();
        res.end('hello');
      }),
    ),
  "node's http, res.end() is returned": async ({ call, see }) =>
    see(await onNode((_, res) => call(() => res.end('hello')))),
};
