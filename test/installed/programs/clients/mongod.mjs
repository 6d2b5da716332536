// As much of a MongoDB server as a cursor needs: hello, find, getMore and killCursors over OP_MSG, with a pause before each batch.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { BSON } from 'mongodb';
import { sleep } from './answers.mjs';

const OP_MSG = 2013;
const OP_QUERY = 2004;
const OP_REPLY = 1;
const BATCHES = [
  [{ n: 1 }, { n: 2 }],
  [{ n: 3 }, { n: 4 }],
  [{ n: 5 }, { n: 6 }],
];
const PAUSE = 40;

const HELLO = {
  ok: 1,
  helloOk: true,
  isWritablePrimary: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  minWireVersion: 0,
  maxWireVersion: 25,
  readOnly: false,
};

/** `killed` counts the cursors that the client gave up. */
export async function serveMongo() {
  const state = { killed: 0, cursors: new Map(), next: 1n };
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0));
        rest = rest.subarray(message.length);
        void reply(socket, message, state);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mongodb://127.0.0.1:${server.address().port}/?directConnection=true`,
    state,
    close: () => server.close(),
  };
}

async function reply(socket, message, state) {
  const id = message.readInt32LE(4);
  const isQuery = message.readInt32LE(12) === OP_QUERY;
  // A query has flags, the collection's name and two numbers before its document; a message has flags and a section's kind.
  const from = isQuery ? message.indexOf(0, 20) + 9 : 21;
  const answer = BSON.serialize(
    await answerTo(BSON.deserialize(message.subarray(from, from + message.readInt32LE(from))), state),
  );
  const head = Buffer.alloc(isQuery ? 36 : 21);
  head.writeInt32LE(head.length + answer.length, 0);
  head.writeInt32LE(id, 8);
  head.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12);
  if (isQuery) head.writeInt32LE(1, 32);
  socket.write(Buffer.concat([head, answer]));
}

async function answerTo(command, state) {
  const { find, getMore, killCursors, filter, collection = find } = command;
  if (killCursors) {
    state.killed++;
    return { ok: 1, cursorsKilled: command.cursors };
  }
  if (!find && !getMore) return command.ping || command.endSessions ? { ok: 1 } : HELLO;
  await sleep(PAUSE);
  const id = getMore ? String(getMore) : String(state.next++);
  const { at = 0, breaks = filter?.breaks } = state.cursors.get(id) ?? {};
  if (breaks && at === 2) return { ok: 0, code: 11601, errmsg: 'the operation was killed', codeName: 'Interrupted' };
  state.cursors.set(id, { at: at + 1, breaks });
  const hasMore = at < BATCHES.length - 1;
  return {
    ok: 1,
    cursor: {
      id: BSON.Long.fromString(hasMore ? id : '0'),
      ns: `shop.${collection}`,
      [getMore ? 'nextBatch' : 'firstBatch']: BATCHES[at],
    },
  };
}
