import { once } from 'node:events';
import knexOf from 'knex';
import { aWhile, sleep, traced } from './answers.mjs';

const knex = knexOf({
  client: 'better-sqlite3',
  connection: { filename: ':memory:' },
  useNullAsDefault: true,
  pool: { min: 1, max: 1 },
});
await knex.schema.createTable('orders', (table) => table.integer('n'));
await knex('orders').insert([{ n: 1 }, { n: 2 }]);
// The time that a query takes is the time that it waits for its connection.
const { acquireConnection } = knex.client;
knex.client.acquireConnection = () => traced(() => aWhile().then(() => acquireConnection.call(knex.client)));
export const close = () => knex.destroy();

const select = () => knex('orders').select('n').orderBy('n');
const wrong = () => knex('nothing').select();

export const ways = {
  'await a query': async ({ call, see }) => see(await call(select)),
  'await a query, twice': async ({ call, see }) => {
    const query = call(select);
    see(await query);
    see(await query);
  },
  'a query, made longer outside': async ({ call, see }) => {
    const query = call(select);
    see(query.where({ n: 2 }) === query, query.toString());
    see(await query);
  },
  'clone() of a query': async ({ call, see }) => {
    const query = call(select);
    see(await query.clone().where({ n: 1 }), query.toString());
  },
  'then() and finally()': async ({ call, see }) => {
    await call(select)
      .then(([first]) => see(first))
      .finally(() => see('finally'));
  },
  'catch() of a query': async ({ call, see }) => {
    await call(wrong).catch((error) => see(error.code));
  },
  'a query that fails': async ({ call, see }) => {
    try {
      await call(wrong);
    } catch (error) {
      see(error.code);
    }
  },
  'a query in a query': async ({ call, see }) => {
    const inner = call(() => knex('orders').max('n'));
    see(await knex('orders').where('n', inner).select());
  },
  'a query that nobody awaits': async ({ call, see }) => {
    const query = call(select);
    await aWhile();
    see(query.toString());
  },
  'asCallback()': async ({ call, see }) => {
    await new Promise((resolve) => call(select).asCallback((error, rows) => resolve(see(error, rows))));
  },
  'stream() of a query': async ({ call, see }) => {
    const stream = call(select).stream();
    for await (const row of stream) see(row);
  },
  'stream() inside the callback': async ({ call, see }) => {
    const stream = call(() => select().stream());
    stream.on('data', (row) => see(row));
    await once(stream, 'end');
  },
  'an async iterator of a query': async ({ call, see }) => {
    const query = call(select);
    see(Symbol.asyncIterator in query);
    if (Symbol.asyncIterator in query) for await (const row of query) see(row);
  },
  'a raw query': async ({ call, see }) => see(await call(() => knex.raw('select 1 as one'))),
  'a schema builder': async ({ call, see }) => {
    await call(() => knex.schema.createTable('carts', (table) => table.integer('n')));
    await knex.schema.dropTable('carts');
    see('dropped');
  },
  'transaction(work)': async ({ call, see }) => {
    see(await call(() => knex.transaction(async (trx) => (await trx('orders').select()).length)));
  },
  'transaction(work) that rolls back': async ({ call, see }) => {
    const work = async (trx) => {
      await trx('orders').insert({ n: 3 });
      throw new Error('no');
    };
    await call(() => knex.transaction(work)).catch((error) => see(error));
    see(await select());
  },
  'transaction()': async ({ call, see }) => {
    const trx = await call(() => knex.transaction());
    see(typeof trx, trx.isCompleted());
    see(await call(() => trx('orders').select('n')));
    await trx.commit();
    await sleep(0);
    see(trx.isCompleted());
  },
};
