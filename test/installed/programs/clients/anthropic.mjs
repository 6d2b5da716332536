import Anthropic from '@anthropic-ai/sdk';
import { answerEvents, answerJson, serve, tracedFetch } from './answers.mjs';

const event = (type, more) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const usage = { input_tokens: 1, output_tokens: 1 };
const message = { id: 'm', type: 'message', role: 'assistant', content: [], model: 'm', stop_reason: null, usage };
const text = (text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
const EVENTS = [
  event('message_start', { message }) +
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  text('one '),
  text('two'),
  event('content_block_stop', { index: 0 }) +
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage }) +
    event('message_stop', {}),
];
const WHOLE = { ...message, content: [{ type: 'text', text: 'one two' }], stop_reason: 'end_turn' };

const server = await serve({
  '/v1/messages': ({ model, stream }, answer) => {
    if (model === 'busy') {
      return answerJson(answer, { type: 'error', error: { type: 'overloaded_error', message: 'overloaded' } }, 529);
    }
    return stream ? answerEvents(answer, EVENTS) : answerJson(answer, WHOLE);
  },
});
export const close = () => server.close();

const { messages } = new Anthropic({ apiKey: 'none', baseURL: server.url, fetch: tracedFetch, maxRetries: 0 });
const ask = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'count' }] };
const busy = { ...ask, model: 'busy' };

/** Leaves after the second text, which is the third of four pieces. */
async function leaveLate(stream, leave) {
  let texts = 0;
  for await (const { type } of stream) if (type === 'content_block_delta' && ++texts === 2 && leave()) break;
}

export const ways = {
  'await create()': async ({ call, see }) => see((await call(() => messages.create(ask))).content),
  'create().withResponse()': async ({ call, see }) => {
    const { data, request_id } = await call(() => messages.create(ask)).withResponse();
    see(data.content, request_id);
  },
  'an error of the API': async ({ call, see }) => {
    try {
      await call(() => messages.create(busy));
    } catch (error) {
      see(error, error instanceof Anthropic.APIError);
    }
  },
  'create({ stream: true }), for await': async ({ call, see }) => {
    for await (const { type } of await call(() => messages.create({ ...ask, stream: true }))) see(type);
  },
  'create({ stream: true }), break': async ({ call, see }) => {
    const stream = await call(() => messages.create({ ...ask, stream: true }));
    await leaveLate(stream, () => true);
    see(stream.controller.signal.aborted);
  },
  'stream(), for await': async ({ call, see }) => {
    const stream = call(() => messages.stream(ask));
    for await (const { type } of stream) see(type);
    see(await stream.finalText(), stream.ended);
  },
  'stream() in an async callback, for await': async ({ call, see }) => {
    for await (const { type } of await call(async () => messages.stream(ask))) see(type);
  },
  'stream(), break': async ({ call, see }) => {
    const stream = call(() => messages.stream(ask));
    await leaveLate(stream, () => true);
    see(stream.aborted);
  },
  'stream(), abort() in a for await': async ({ call, see }) => {
    const stream = call(() => messages.stream(ask));
    try {
      await leaveLate(stream, () => stream.abort());
    } catch (error) {
      see(error, error instanceof Anthropic.APIUserAbortError);
    }
  },
  'stream() and finalMessage()': async ({ call, see }) =>
    see((await call(() => messages.stream(ask)).finalMessage()).content),
  'stream() and finalMessage(), inside the callback': async ({ call, see }) =>
    see((await call(() => messages.stream(ask).finalMessage())).content),
  "stream(), on('text')": async ({ call, see }) => {
    await call(() => messages.stream(ask))
      .on('text', (delta, sofar) => see(delta, sofar))
      .done();
  },
  "stream(), on('text'), until done()": async ({ call, see }) => {
    const stream = call(
      () => messages.stream(ask),
      (result) => result.done(),
    );
    stream.on('text', (delta) => see(delta));
    await stream.done();
  },
  'stream(), abort(), until done()': async ({ call, see }) => {
    const stream = call(
      () => messages.stream(ask),
      (result) => result.done(),
    );
    stream.on('text', (_, sofar) => sofar === 'one two' && stream.abort());
    await stream.done().catch((error) => see(error));
  },
  'stream() that fails, for await': async ({ call, see }) => {
    const stream = call(() => messages.stream(busy));
    stream.on('error', (error) => see('told', error));
    try {
      for await (const { type } of stream) see(type);
    } catch (error) {
      see(error);
    }
  },
  'stream() that fails, and nobody listens': async ({ call }) => {
    call(() => messages.stream(busy));
    await server.idle();
  },
  'stream(), toReadableStream()': async ({ call, see }) =>
    see(await new Response(call(() => messages.stream(ask)).toReadableStream()).text()),
  'stream(), iterated by two': async ({ call, see }) => {
    const stream = call(() => messages.stream(ask));
    const read = async () => {
      for await (const { type } of stream) see(type);
    };
    await Promise.all([read(), read()]);
  },
  'stream(), iterated by two, of whom one leaves': async ({ call, see }) => {
    const stream = call(() => messages.stream(ask));
    const read = async () => {
      for await (const { type } of stream) see(type);
    };
    const peek = () => leaveLate(stream, () => see('left') ?? true);
    await Promise.all([read(), peek()]).catch((error) => see(error));
  },
};
