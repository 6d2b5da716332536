// Clients of HTTP: responses and bodies that are read later.
import { once } from 'node:events';
import { get } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import axios from 'axios';
import fetch3, { Response as Response3 } from 'node-fetch';
import fetch2, { Response as Response2 } from 'node-fetch2';
import * as undici from 'undici';
import { aWhile, serve, slowly } from './answers.mjs';

const send = async (response, parts) => {
  for await (const part of parts) response.write(part);
  response.end();
};
const server = await serve({
  '/text': (_, response) => send(response, slowly()),
  '/json': async (_, response) => {
    response.write('{"one":');
    await aWhile();
    response.end('1}');
  },
  '/empty': async (_, response) => {
    await aWhile();
    response.writeHead(204).end();
  },
  '/zipped': async (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    const zip = createGzip();
    zip.pipe(response);
    for await (const part of slowly()) {
      zip.write(part);
      zip.flush();
    }
    zip.end();
  },
  '/breaks': async (_, response) => {
    for await (const part of slowly()) {
      if (part === 'four') response.destroy();
      else response.write(part);
    }
  },
});
export const close = () => {
  server.close();
  return undici.getGlobalDispatcher().close();
};
const text = `${server.url}/text`;
const zipped = `${server.url}/zipped`;
const breaks = `${server.url}/breaks`;
const empty = `${server.url}/empty`;

async function read(stream, see) {
  for await (const part of stream) see(String(Buffer.from(part)));
}

/** A body by its data events: where it ends, or why not. */
async function listen(stream, see) {
  stream.on('data', (part) => see(String(part)));
  await once(stream, 'end').catch((error) => see(error.code));
}

const leave = async (stream, see) => {
  for await (const part of stream) {
    see(String(Buffer.from(part)));
    if (String(Buffer.from(part)).includes('three')) break;
  }
};

/** Every `fetch` gives a response that is read in the same ways. */
function fetchWays(name, fetch, { ResponseClass, isNode }) {
  return {
    [`${name}, text()`]: async ({ call, see }) => {
      const response = await call(() => fetch(text));
      see(response instanceof ResponseClass, response.status, response.bodyUsed);
      see(await response.text(), response.bodyUsed);
    },
    [`${name}, json()`]: async ({ call, see }) => see(await (await call(() => fetch(`${server.url}/json`))).json()),
    [`${name}, json() inside the callback`]: async ({ call, see }) =>
      see(await call(async () => (await fetch(`${server.url}/json`)).json())),
    [`${name}, its body`]: async ({ call, see }) => read((await call(() => fetch(text))).body, see),
    [`${name}, break in its body`]: async ({ call, see }) => leave((await call(() => fetch(text))).body, see),
    [`${name}, zipped`]: async ({ call, see }) => see(await (await call(() => fetch(zipped))).text()),
    [`${name}, clone()`]: async ({ call, see }) => {
      const response = await call(() => fetch(text));
      const other = response.clone();
      see(...(await Promise.all([response.text(), other.text()])));
    },
    [`${name}, nobody reads it`]: async ({ call, taken, see }) => {
      see(taken(await call(() => fetch(text))).status);
      await aWhile();
    },
    [`${name}, without a body`]: async ({ call, see }) => see(await (await call(() => fetch(empty))).text()),
    [`${name}, the connection breaks`]: async ({ call, see }) => {
      const response = await call(() => fetch(breaks));
      await response.text().catch((error) => see(error));
    },
    [`${name}, the signal of the app aborts`]: async ({ call, see }) => {
      const controller = new AbortController();
      const { body } = await call(() => fetch(text, { signal: controller.signal }));
      try {
        for await (const part of body) {
          see(String(Buffer.from(part)));
          if (String(Buffer.from(part)).includes('three')) controller.abort();
        }
      } catch (error) {
        see(error.name);
      }
    },
    ...(isNode && {
      [`${name}, pipe()`]: async ({ call, see }) => {
        const { body } = await call(() => fetch(text));
        await pipeline(body, async (parts) => read(parts, see));
      },
    }),
  };
}

export const ways = {
  ...fetchWays('fetch', fetch, { ResponseClass: Response }),
  ...fetchWays("undici's fetch", undici.fetch, { ResponseClass: undici.Response }),
  ...fetchWays('node-fetch 2', fetch2, { ResponseClass: Response2, isNode: true }),
  ...fetchWays('node-fetch 3', fetch3, { ResponseClass: Response3, isNode: true }),
  "undici's request()": async ({ call, see }) => {
    const { statusCode, body } = await call(() => undici.request(text));
    see(statusCode, await body.text());
  },
  "undici's request().body": async ({ call, see }) =>
    read(await call(async () => (await undici.request(text)).body), see),
  "undici's request().body, text()": async ({ call, see }) => {
    const body = await call(async () => (await undici.request(text)).body);
    see(body.bodyUsed, await body.text(), body.bodyUsed);
  },
  "undici's request().body, dump()": async ({ call, see }) => {
    const body = await call(async () => (await undici.request(text)).body);
    see(await body.dump());
  },
  'axios, a stream': async ({ call, see }) => {
    const { data, status } = await call(() => axios.get(text, { responseType: 'stream' }));
    see(status);
    await read(data, see);
  },
  'axios, its stream given': async ({ call, see }) =>
    listen(await call(() => axios.get(text, { responseType: 'stream' }).then(({ data }) => data)), see),
  'axios, its zipped stream given': async ({ call, see }) =>
    listen(await call(() => axios.get(zipped, { responseType: 'stream' }).then(({ data }) => data)), see),
  'axios, the whole': async ({ call, see }) => see((await call(() => axios.get(text))).data),
  'axios, an error of the server': async ({ call, see }) => {
    const validateStatus = (status) => status === 200;
    await call(() => axios.get(empty, { validateStatus })).catch((error) => see(error.code, error.response.status));
  },
  'axios, the signal of the app aborts': async ({ call, see }) => {
    await call(() => axios.get(text, { signal: AbortSignal.timeout(90) })).catch((error) =>
      see(error.name, error.code),
    );
  },
  "node's http, a response": async ({ call, see }) =>
    listen(await call(() => new Promise((resolve) => get(text, resolve))), see),
  "node's http, a response, for await": async ({ call, see }) =>
    read(await call(async () => (await once(get(text), 'response'))[0]), see),
  "node's http, a response that is destroyed": async ({ call, see }) => {
    const response = await call(async () => (await once(get(text), 'response'))[0]);
    response.on('data', (part) => {
      see(String(part));
      if (String(part).includes('three')) response.destroy();
    });
    await once(response, 'close');
    see(response.destroyed);
  },
  "node's http, the connection breaks": async ({ call, see }) =>
    listen(await call(async () => (await once(get(breaks), 'response'))[0]), see),
  "node's http, the request": async ({ call, see }) => {
    const request = call(() => get(text));
    const [response] = await once(request, 'response');
    await listen(response, see);
  },
};
