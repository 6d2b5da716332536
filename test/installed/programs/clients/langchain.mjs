import { StringOutputParser } from '@langchain/core/output_parsers';
import { IterableReadableStream } from '@langchain/core/utils/stream';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { aWhile, sleep, traced } from './answers.mjs';

/** Says one letter after the other. */
class Scripted extends FakeListChatModel {
  async _generate(...given) {
    await traced(aWhile);
    return super._generate(...given);
  }

  async *_streamResponseChunks(...given) {
    await traced(() => sleep(1));
    yield* super._streamResponseChunks(...given);
  }
}

const model = new Scripted({ responses: ['abcd'], sleep: 30 });
const broken = { thrownErrorString: 'no such model' };
const State = Annotation.Root({ said: Annotation() });
const work = (said) => traced(aWhile).then(() => ({ said }));
const graph = new StateGraph(State)
  .addNode('first', () => work('first'))
  .addNode('second', ({ said }) => work(`${said} second`))
  .addEdge(START, 'first')
  .addEdge('first', 'second')
  .addEdge('second', END)
  .compile();
const failing = new StateGraph(State)
  .addNode('first', () =>
    work().then(() => {
      throw new Error('the node failed');
    }),
  )
  .addEdge(START, 'first')
  .addEdge('first', END)
  .compile();
const begin = { said: '' };

async function read(stream, see) {
  for await (const part of stream) see(part.content ?? part);
}

export const ways = {
  'await model.invoke()': async ({ call, see }) => see((await call(() => model.invoke('count'))).content),
  'model.stream(), for await': async ({ call, see }) => {
    const stream = await call(() => model.stream('count'));
    see(stream instanceof IterableReadableStream, stream instanceof ReadableStream, Object.keys(stream));
    await read(stream, see);
    see(stream.locked);
  },
  'model.stream(), next()': async ({ call, see }) => {
    const stream = await call(() => model.stream('count'));
    for (let step = await stream.next(); !step.done; step = await stream.next()) see(step.value.content);
  },
  'model.stream(), break': async ({ call, see }) => {
    for await (const { content } of await call(() => model.stream('count'))) {
      see(content);
      if (content === 'c') break;
    }
  },
  'model.stream(), return()': async ({ call, see }) => {
    const stream = await call(() => model.stream('count'));
    see((await stream.next()).value.content, (await stream.next()).value.content, (await stream.next()).value.content);
    see(await stream.return());
  },
  'model.stream(), cancel()': async ({ call, see }) => {
    const stream = await call(() => model.stream('count'));
    await sleep(60);
    see(await stream.cancel());
  },
  'model.stream(), a reader': async ({ call, see }) => {
    const reader = (await call(() => model.stream('count'))).getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) see(step.value.content);
  },
  'model.stream(), tee()': async ({ call, see }) => {
    const [left, right] = (await call(() => model.stream('count'))).tee();
    await Promise.all([read(left, see), read(right, see)]);
  },
  'model.stream(), model error': async ({ call, see }) => {
    try {
      await read(await call(() => model.stream('count', broken)), see);
    } catch (error) {
      see(error);
    }
  },
  'model.stream(), the signal of the app aborts': async ({ call, see }) => {
    const controller = new AbortController();
    const { signal } = controller;
    try {
      for await (const { content } of await call(() => model.stream('count', { signal }))) {
        see(content);
        if (content === 'c') controller.abort();
      }
    } catch (error) {
      see(error);
    }
  },
  'model.stream() of a chain': async ({ call, see }) =>
    read(await call(() => model.pipe(new StringOutputParser()).stream('count')), see),
  'model.streamEvents()': async ({ call, see }) => {
    const events = [];
    for await (const { event } of call(() => model.streamEvents('count', { version: 'v2' }))) events.push(event);
    see(events);
  },
  'await graph.invoke()': async ({ call, see }) => see(await call(() => graph.invoke(begin))),
  'graph.stream(), for await': async ({ call, see }) => {
    const stream = await call(() => graph.stream(begin, { streamMode: 'updates' }));
    see(stream instanceof ReadableStream);
    await read(stream, see);
  },
  'graph.stream(), break': async ({ call, see }) => {
    for await (const part of await call(() => graph.stream(begin, { streamMode: 'values' }))) {
      see(part);
      if (part.said === 'first') break;
    }
    // The node that has begun goes on.
    await aWhile();
  },
  'graph.stream(), a node fails': async ({ call, see }) => {
    try {
      await read(await call(() => failing.stream(begin)), see);
    } catch (error) {
      see(error);
    }
  },
  'graph.stream(), the signal of the app aborts': async ({ call, see }) => {
    const controller = new AbortController();
    const { signal } = controller;
    try {
      for await (const part of await call(() => graph.stream(begin, { signal, streamMode: 'values' }))) {
        see(part);
        if (part.said === 'first') controller.abort();
      }
    } catch (error) {
      see(error);
    }
    await aWhile();
  },
  'graph.streamEvents()': async ({ call, see }) => {
    const events = [];
    for await (const { event } of call(() => graph.streamEvents(begin, { version: 'v2' }))) events.push(event);
    see(events);
  },
};
