import { once } from 'node:events';
import { Writable } from 'node:stream';
import { createLogger, format, transports } from 'winston';
import { aWhile } from './answers.mjs';

const lines = [];
const stream = new Writable({
  write(line, _, done) {
    lines.push(String(line).trim());
    done();
  },
});
const logger = createLogger({ format: format.simple(), transports: [new transports.Stream({ stream })] });
const written = () => lines.splice(0);

export const ways = {
  'logger.info()': async ({ call, see }) => {
    const result = call(() => logger.info('one'));
    see(result === logger, typeof result.info, written());
    await aWhile();
    result.info('two');
    see(written());
  },
  'logger.info() in an async callback': async ({ call, taken, see }) => {
    const result = taken(await call(async () => logger.info('one')));
    see(result === logger, written());
    await aWhile();
  },
  'the logger, iterated': async ({ call, see }) => {
    const result = call(() => createLogger({ silent: true }).info('one'));
    await aWhile();
    see(result.writable, typeof result[Symbol.asyncIterator]);
  },
  'a child logger': async ({ call, see }) => {
    const child = call(() => logger.child({ ticket: 1 }));
    await aWhile();
    child.info('three');
    see(written());
  },
  'a logger that is ended': async ({ call, see }) => {
    const own = call(() => createLogger({ format: format.simple(), transports: [new transports.Stream({ stream })] }));
    own.info('four');
    await aWhile();
    own.end();
    await once(own, 'finish');
    see(written());
  },
};
