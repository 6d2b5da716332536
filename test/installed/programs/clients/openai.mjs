import { once } from 'node:events';
import { Readable } from 'node:stream';
import OpenAI, { APIPromise } from 'openai';
import { Stream } from 'openai/streaming';
import { answerEvents, answerJson, serve, tracedFetch } from './answers.mjs';

const chunk = (delta, finish_reason = null) =>
  data({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  });
const data = (value) => `data: ${JSON.stringify(value)}\n\n`;
const CHUNKS = [
  chunk({ role: 'assistant', content: 'one ' }),
  chunk({ content: 'two ' }),
  chunk({ content: 'three' }),
  `${chunk({}, 'stop')}data: [DONE]\n\n`,
];
const WHOLE = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'one two three', refusal: null } },
  ],
};
const response = (status) => ({ id: 'r', object: 'response', created_at: 1, model: 'm', status, output: [] });
const item = { id: 'i', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
const part = { type: 'output_text', text: '', annotations: [] };
const at = { item_id: 'i', output_index: 0, content_index: 0 };
const EVENTS = [
  { type: 'response.created', response: response('in_progress') },
  { type: 'response.output_item.added', output_index: 0, item },
  { type: 'response.content_part.added', ...at, part },
  { type: 'response.output_text.delta', ...at, delta: 'one two three' },
  { type: 'response.completed', response: response('completed') },
].map((event, sequence_number) => `event: ${event.type}\n${data({ ...event, sequence_number })}`);

const server = await serve({
  '/chat/completions': ({ model, stream }, answer) => {
    if (model === 'busy') return answerJson(answer, { error: { message: 'too many requests', type: 'requests' } }, 429);
    if (model === 'breaks')
      return answerEvents(answer, [...CHUNKS.slice(0, 3), data({ error: { message: 'overloaded' } })]);
    return stream ? answerEvents(answer, CHUNKS) : answerJson(answer, WHOLE);
  },
  '/responses': (_, answer) => answerEvents(answer, EVENTS),
  '/models': (_, answer) => answerJson(answer, { object: 'list', data: [{ id: 'm1' }, { id: 'm2' }] }),
});
export const close = () => server.close();

const openai = new OpenAI({ apiKey: 'none', baseURL: server.url, fetch: tracedFetch, maxRetries: 0 });
const { completions } = openai.chat;
const ask = { model: 'm', messages: [{ role: 'user', content: 'count' }] };
const askStream = { ...ask, stream: true };
const busy = { ...ask, model: 'busy' };
const textOf = ({ choices: [choice] = [] }) => choice?.delta?.content ?? choice?.message?.content ?? '';

async function read(stream, see) {
  for await (const each of stream) see(textOf(each) || each.type);
}

export const ways = {
  'await create()': async ({ call, see }) => see(textOf(await call(() => completions.create(ask)))),
  'await create(), twice': async ({ call, see }) => {
    const promise = call(() => completions.create(ask));
    const [once, again] = [await promise, await promise];
    see(once === again, promise instanceof APIPromise);
  },
  'Promise.all() of create()': async ({ call, see }) => {
    const [answer] = await Promise.all([call(() => completions.create(ask))]);
    see(textOf(answer));
  },
  'create().then()': ({ call, see }) => call(() => completions.create(ask)).then((answer) => see(textOf(answer))),
  'create() in an async callback': async ({ call, see }) =>
    see(textOf(await call(async () => await completions.create(ask)))),
  'create().withResponse(), until that': async ({ call, see }) => {
    const promise = call(
      () => completions.create(ask),
      (result) => result.withResponse(),
    );
    see(textOf((await promise.withResponse()).data));
  },
  'an error of the API, to .catch(), until the answer': async ({ call, see }) => {
    const answer = async (result) => await result;
    await call(() => completions.create(busy), answer).catch((error) => see(error));
  },
  'create(), the signal of the app aborts': async ({ call, see }) => {
    const signal = AbortSignal.timeout(90);
    try {
      await call(() => completions.create(ask, { signal }));
    } catch (error) {
      see(error);
    }
  },
  'create().withResponse()': async ({ call, see }) => {
    const { data, response } = await call(() => completions.create(ask)).withResponse();
    see(textOf(data), response.status);
  },
  'create().asResponse()': async ({ call, see }) => {
    const answer = await call(() => completions.create(ask)).asResponse();
    see(answer.status, await answer.json());
  },
  'create().catch()': async ({ call, see }) => see(textOf(await call(() => completions.create(ask)).catch(see))),
  'create() that nobody awaits': async ({ call }) => {
    call(() => completions.create(ask));
    await server.idle();
  },
  'an error of the API': async ({ call, see }) => {
    try {
      await call(() => completions.create(busy));
    } catch (error) {
      see(error, error instanceof OpenAI.RateLimitError);
    }
  },
  'an error of the API, to .catch()': async ({ call, see }) => {
    await call(() => completions.create(busy)).catch((error) => see(error));
  },
  'an error of the API that nobody handles': async ({ call }) => {
    call(() => completions.create(busy));
    await server.idle();
  },
  'an error of the API that nobody handles, after then()': async ({ call }) => {
    call(() => completions.create(busy)).then(() => {});
    await server.idle();
  },
  'stream, for await': async ({ call, see }) => {
    const stream = await call(() => completions.create(askStream));
    see(stream instanceof Stream, Object.keys(stream));
    await read(stream, see);
    await read(stream, see).catch((error) => see(error));
  },
  'stream, break': async ({ call, see }) => {
    let left = 3;
    for await (const each of await call(() => completions.create(askStream))) {
      see(textOf(each));
      if (--left === 0) break;
    }
  },
  'stream, its controller aborts': async ({ call, see }) => {
    const stream = await call(() => completions.create(askStream));
    let left = 3;
    for await (const each of stream) {
      see(textOf(each));
      if (--left === 0) stream.controller.abort();
    }
    see(stream.controller.signal.aborted);
  },
  'stream, the signal of the app aborts': async ({ call, see }) => {
    const controller = new AbortController();
    const { signal } = controller;
    let left = 3;
    for await (const each of await call(() => completions.create(askStream, { signal }))) {
      see(textOf(each));
      if (--left === 0) controller.abort();
    }
  },
  'stream that breaks': async ({ call, see }) => {
    const stream = await call(() => completions.create({ ...askStream, model: 'breaks' }));
    await read(stream, see).catch((error) => see(error));
  },
  'stream, tee()': async ({ call, taken, see }) => {
    const [left, right] = taken(await call(() => completions.create(askStream))).tee();
    await Promise.all([read(left, see), read(right, see)]);
  },
  'stream, toReadableStream()': async ({ call, see }) => {
    const stream = await call(() => completions.create(askStream));
    see(await new Response(stream.toReadableStream()).text());
  },
  'stream, toReadableStream() inside the callback': async ({ call, see }) => {
    const body = await call(async () => (await completions.create(askStream)).toReadableStream());
    see(await new Response(body).text());
  },
  'stream, Readable.from()': async ({ call, see }) => {
    const readable = Readable.from(await call(() => completions.create(askStream)));
    readable.on('data', (each) => see(textOf(each)));
    await once(readable, 'end');
  },
  'stream, withResponse()': async ({ call, see }) => {
    const { data, response } = await call(() => completions.create(askStream)).withResponse();
    see(response.status);
    await read(data, see);
  },
  'stream() and finalContent()': async ({ call, see }) => see(await call(() => completions.stream(ask)).finalContent()),
  'stream(), for await': async ({ call, see }) => {
    const stream = call(() => completions.stream(ask));
    await read(stream, see);
    see(await stream.finalContent());
  },
  "stream(), on('content')": async ({ call, see }) => {
    await call(() => completions.stream(ask))
      .on('content', (delta, sofar) => see(delta, sofar))
      .done();
  },
  'stream(), abort()': async ({ call, see }) => {
    const stream = call(() => completions.stream(ask));
    let left = 3;
    stream.on('content', () => --left || stream.abort());
    await stream.done().catch((error) => see(error));
  },
  'stream(), abort() in a for await': async ({ call, see }) => {
    const stream = call(() => completions.stream(ask));
    let left = 3;
    try {
      for await (const each of stream) {
        see(textOf(each));
        if (--left === 0) stream.abort();
      }
    } catch (error) {
      see(error);
    }
  },
  'stream(), toReadableStream()': async ({ call, see }) =>
    see(await new Response(call(() => completions.stream(ask)).toReadableStream()).text()),
  'stream() that fails, and nobody listens': async ({ call }) => {
    call(() => completions.stream(busy));
    await server.idle();
  },
  'stream(), until finalContent()': async ({ call, see }) => {
    const stream = call(
      () => completions.stream(ask),
      (result) => result.finalContent(),
    );
    see(await stream.finalContent());
  },
  'stream() that fails, until done()': async ({ call, see }) => {
    const stream = call(
      () => completions.stream(busy),
      (result) => result.done(),
    );
    await stream.finalContent().catch((error) => see(error));
  },
  'responses, stream, for await': async ({ call, see }) =>
    read(await call(() => openai.responses.create({ model: 'm', input: 'count', stream: true })), see),
  'responses.stream() and finalResponse()': async ({ call, see }) => {
    const { output } = await call(() => openai.responses.stream({ model: 'm', input: 'count' })).finalResponse();
    see(output);
  },
  'a page, for await': async ({ call, see }) => {
    for await (const { id } of call(() => openai.models.list())) see(id);
  },
  'await a page, then for await': async ({ call, see }) => {
    const page = await call(() => openai.models.list());
    see(page.data, page.hasNextPage());
    for await (const { id } of page) see(id);
  },
};
