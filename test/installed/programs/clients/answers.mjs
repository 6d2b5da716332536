// A server of ours that stands where the services of the clients are: each answer comes in four parts with a pause before each.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { trace } from '@opentelemetry/api';

const PARTS = ['one ', 'two ', 'three ', 'four'];
const PAUSE = 40;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A pause before each of the parts. */
export async function* slowly(parts = PARTS) {
  for (const part of parts) {
    await sleep(PAUSE);
    yield part;
  }
}

/** As long as a whole answer takes. */
export const aWhile = () => sleep(PARTS.length * PAUSE);

/** What an instrumentation does: the work of the client gets a span of its own, in the scope that it happens in. */
export function traced(work) {
  return trace.getTracer('instrumentation').startActiveSpan('request', async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

export const tracedFetch = (...given) => traced(() => fetch(...given));

/** Serves `answers` by path: each takes what was asked and the response. `idle` waits until all of them are given. */
export async function serve(answers) {
  let begun = 0;
  const ended = new EventEmitter();
  const server = createServer(async (request, response) => {
    begun++;
    response.once('close', () => ended.emit('answer', --begun));
    let body = '';
    for await (const chunk of request) body += chunk;
    await answers[request.url.split('?')[0]](body && JSON.parse(body), response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Asked right after a request, which may not have come yet. */
    async idle() {
      do await once(ended, 'answer');
      while (begun > 0);
      await sleep(PAUSE);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function answerJson(response, value, status = 200) {
  await aWhile();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Server-sent events: `[name, data]`, or the data alone. */
export async function answerEvents(response, events) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const pause = (PARTS.length * PAUSE) / events.length;
  for (const event of events) {
    await sleep(pause);
    // The reader has gone.
    if (response.destroyed) return;
    response.write(event);
  }
  response.end();
}
