import { aWhile, sleep, slowly, traced } from './answers.mjs';

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 2, text: 2, reasoning: 0 },
};
const END = { finishReason: { unified: 'stop', raw: 'stop' }, usage: USAGE };
const PARTS = [
  [
    { type: 'stream-start', warnings: [] },
    { type: 'text-start', id: '1' },
  ],
  [{ type: 'text-delta', id: '1', delta: 'one ' }],
  [{ type: 'text-delta', id: '1', delta: 'two' }],
  [
    { type: 'text-end', id: '1' },
    { type: 'finish', ...END },
  ],
];

/** The model's stream as a provider makes it: it ends when the signal of the app aborts. */
function answer({ abortSignal }, broken) {
  return new ReadableStream({
    async start(controller) {
      const fail = () => controller.error(abortSignal.reason);
      abortSignal?.addEventListener('abort', fail);
      for await (const parts of slowly(PARTS)) {
        if (abortSignal?.aborted) return;
        try {
          for (const part of parts) controller.enqueue(part);
        } catch {
          return;
        }
        if (broken && parts === PARTS[2]) return controller.error(new Error('the connection broke'));
      }
      controller.close();
    },
  });
}

/** The ways of the AI SDK, for both of its lines: what a model is, differs. */
export function waysOf({ generateText, streamText, ToolLoopAgent }, Model) {
  const model = new Model({
    doGenerate: () =>
      traced(async () => {
        await aWhile();
        return { content: [{ type: 'text', text: 'one two' }], ...END, warnings: [] };
      }),
    doStream: (options) => traced(async () => ({ stream: answer(options) })),
  });
  const refuse = () =>
    traced(async () => {
      await aWhile();
      throw new Error('no such model');
    });
  const failing = new Model({ doGenerate: refuse, doStream: refuse });
  const breaking = new Model({ doStream: (options) => traced(async () => ({ stream: answer(options, true) })) });
  const ask = { model, prompt: 'count', maxRetries: 0, onError() {} };
  const agent = new ToolLoopAgent({ model, maxRetries: 0 });

  async function read(stream, see) {
    for await (const part of stream) see(part.type ?? part);
  }

  return {
    'await generateText()': async ({ call, see }) => {
      const { text, usage } = await call(() => generateText(ask));
      see(text, usage.outputTokens);
    },
    'generateText(), model error': async ({ call, see }) => {
      await call(() => generateText({ ...ask, model: failing })).catch((error) => see(error));
    },
    'generateText(), model error that nobody handles': async ({ call }) => {
      call(() => generateText({ ...ask, model: failing }));
      await aWhile();
      await aWhile();
    },
    'generateText(), client abort': async ({ call, see }) => {
      const controller = new AbortController();
      const { signal } = controller;
      const slow = new Model({
        doGenerate: ({ abortSignal }) =>
          new Promise((_, reject) => abortSignal.addEventListener('abort', () => reject(abortSignal.reason))),
      });
      setTimeout(() => controller.abort(), 120);
      await call(() => generateText({ ...ask, model: slow, abortSignal: signal })).catch((error) => see(error));
    },
    'agent.generate()': async ({ call, see }) => see((await call(() => agent.generate({ prompt: 'count' }))).text),
    'streamText(), textStream': async ({ call, see }) => read(call(() => streamText(ask)).textStream, see),
    'streamText(), fullStream': async ({ call, see }) => read(call(() => streamText(ask)).fullStream, see),
    'streamText(), consumeStream() and text': async ({ call, see }) => {
      const result = call(() => streamText(ask));
      await result.consumeStream();
      see(await result.text);
    },
    'streamText(), toUIMessageStreamResponse()': async ({ call, see }) =>
      see(
        await call(() => streamText(ask))
          .toUIMessageStreamResponse()
          .text(),
      ),
    'streamText(), until consumeStream()': async ({ call, see }) => {
      const result = call(
        () => streamText(ask),
        (result) => result.consumeStream(),
      );
      await read(result.textStream, see);
    },
    'streamText(), until text': async ({ call, see }) => {
      const result = call(
        () => streamText(ask),
        (result) => result.text,
      );
      await read(result.fullStream, see);
      see(await result.text);
    },
    'streamText().textStream': async ({ call, see }) =>
      read(
        call(() => streamText(ask).textStream),
        see,
      ),
    'streamText().textStream, by its reader': async ({ call, see }) => {
      const reader = call(() => streamText(ask).textStream).getReader();
      for (let step = await reader.read(); !step.done; step = await reader.read()) see(step.value);
    },
    'streamText().textStream, tee()': async ({ call, see }) => {
      const [left, right] = call(() => streamText(ask).textStream).tee();
      await Promise.all([read(left, see), read(right, see)]);
    },
    'streamText().fullStream, break': async ({ call, see }) => {
      for await (const { type, text } of call(() => streamText(ask).fullStream)) {
        see(type);
        if (text === 'two') break;
      }
    },
    'streamText().fullStream, cancel()': async ({ call, see }) => {
      const stream = call(() => streamText(ask).fullStream);
      await sleep(90);
      see(await stream.cancel());
    },
    'streamText().toUIMessageStreamResponse()': async ({ call, see }) => {
      const response = call(() => streamText(ask).toUIMessageStreamResponse());
      see(response instanceof Response, [...response.headers]);
      await read(response.body.pipeThrough(new TextDecoderStream()), see);
    },
    'streamText().toTextStreamResponse()': async ({ call, see }) =>
      see(await call(() => streamText(ask).toTextStreamResponse()).text()),
    'streamText().toTextStreamResponse(), made anew with other headers': async ({ call, see }) => {
      const response = call(() => streamText(ask).toTextStreamResponse());
      const { body, status } = response;
      see(await new Response(body, { status, headers: { 'x-app': '1' } }).text());
    },
    'streamText().text': async ({ call, see }) => see(await call(() => streamText(ask).text)),
    'streamText(), model error': async ({ call, see }) =>
      read(call(() => streamText({ ...ask, model: failing })).fullStream, see),
    'streamText().fullStream, model error': async ({ call, see }) =>
      read(
        call(() => streamText({ ...ask, model: failing }).fullStream),
        see,
      ),
    'streamText().fullStream, the connection breaks': async ({ call, see }) =>
      read(
        call(() => streamText({ ...ask, model: breaking }).fullStream),
        see,
      ).catch((error) => see(error)),
    'streamText(), model error, until text': async ({ call, see }) => {
      const result = call(
        () => streamText({ ...ask, model: failing }),
        (result) => result.text,
      );
      await read(result.fullStream, see);
      await result.text.then(see, (error) => see(error));
    },
    'streamText(), model error, nobody awaits its text': async ({ call, see }) => {
      const result = call(() => streamText({ ...ask, model: failing }));
      see(typeof result.text);
      await read(result.fullStream, see);
    },
    'streamText().fullStream, client abort': async ({ call, see }) => {
      const controller = new AbortController();
      const { signal } = controller;
      const stream = call(() => streamText({ ...ask, abortSignal: signal }).fullStream);
      for await (const { type, text } of stream) {
        see(type);
        if (text === 'two') controller.abort();
      }
    },
    'agent.stream()': async ({ call, see }) =>
      read((await call(() => agent.stream({ prompt: 'count' }))).textStream, see),
    'agent.stream(), until text': async ({ call, see }) => {
      const result = await call(
        () => agent.stream({ prompt: 'count' }),
        (result) => result.text,
      );
      await read(result.textStream, see);
    },
    'agent.stream() inside the callback': async ({ call, see }) =>
      read(await call(async () => (await agent.stream({ prompt: 'count' })).textStream), see),
  };
}
