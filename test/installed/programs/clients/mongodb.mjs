import { once } from 'node:events';
import { trace } from '@opentelemetry/api';
import { FindCursor, MongoClient } from 'mongodb';
import { sleep } from './answers.mjs';
import { serveMongo } from './mongod.mjs';

const server = await serveMongo();
// No monitoring: what the server is asked is what the app asks.
const client = new MongoClient(server.url, { monitorCommands: true, heartbeatFrequencyMS: 60_000, retryReads: false });
const orders = client.db('shop').collection('orders');
await client.connect();
// As an instrumentation of the driver does: where a command is sent, there its span belongs.
client.on('commandStarted', ({ commandName }) => trace.getTracer('driver').startSpan(commandName).end());

export const close = async () => {
  await client.close();
  server.close();
};

const find = () => orders.find({});
const breaking = () => orders.find({ breaks: true });

async function read(cursor, see) {
  for await (const { n } of cursor) see(n);
}

export const ways = {
  'find(), for await': async ({ call, see }) => {
    const cursor = call(find);
    see(cursor instanceof FindCursor);
    await read(cursor, see);
    see(cursor.closed);
  },
  'find() in an async callback, for await': async ({ call, see }) => read(await call(async () => find()), see),
  'find(), break': async ({ call, see }) => {
    const before = server.state.killed;
    const cursor = call(find);
    for await (const { n } of cursor) {
      see(n);
      if (n === 3) break;
    }
    see(cursor.closed, server.state.killed - before);
  },
  'find(), next()': async ({ call, see }) => {
    const cursor = call(find);
    for (let order = await cursor.next(); order; order = await cursor.next()) see(order.n);
  },
  'find(), hasNext() and tryNext()': async ({ call, see }) => {
    const cursor = call(find);
    while (await cursor.hasNext()) see((await cursor.tryNext()).n);
  },
  'find(), toArray()': async ({ call, see }) => see((await call(find).toArray()).length),
  'find(), toArray() inside the callback': async ({ call, see }) => see((await call(() => find().toArray())).length),
  'find(), toArray(), until close': async ({ call, see }) => {
    const cursor = call(find, (result) => once(result, 'close'));
    see((await cursor.toArray()).length);
  },
  'find(), forEach()': async ({ call, see }) => call(find).forEach(({ n }) => void see(n)),
  'find(), stream()': async ({ call, see }) => {
    const stream = call(find).stream();
    stream.on('data', ({ n }) => see(n));
    await once(stream, 'end');
  },
  'find().stream()': async ({ call, see }) => {
    const stream = call(() => find().stream());
    stream.on('data', ({ n }) => see(n));
    await once(stream, 'end');
  },
  'find().stream(), for await and break': async ({ call, see }) => {
    for await (const { n } of call(() => find().stream())) {
      see(n);
      if (n === 5) break;
    }
  },
  'find().map().limit(), for await': async ({ call, see }) => {
    const cursor = call(find);
    see(cursor.limit(10) === cursor, cursor.map(({ n }) => ({ n: n * 10 })) === cursor);
    await read(cursor, see);
  },
  'find(), clone() and rewind()': async ({ call, see }) => {
    const cursor = call(find);
    await read(cursor.clone(), see);
    await read(cursor, see);
    cursor.rewind();
    await read(cursor, see);
  },
  'find(), close() after two': async ({ call, see }) => {
    const cursor = call(find);
    see((await cursor.next()).n, (await cursor.next()).n);
    await cursor.close();
    await sleep(30);
    see(cursor.closed);
    await cursor.next().catch((error) => see(error));
  },
  'find(), the server breaks it off': async ({ call, see }) => read(call(breaking), see).catch((error) => see(error)),
  'find(), the server breaks it off, toArray()': async ({ call, see }) =>
    call(breaking)
      .toArray()
      .then(see, (error) => see(error)),
  'find().stream(), the server breaks it off': async ({ call, see }) => {
    const stream = call(() => breaking().stream());
    stream.on('data', ({ n }) => see(n));
    await once(stream, 'end').catch((error) => see(error));
  },
  'findOne()': async ({ call, see }) => see((await call(() => orders.findOne({}))).n),
};
