import Bluebird from 'bluebird';
import { aWhile, sleep, traced } from './answers.mjs';

Bluebird.config({ cancellation: true, warnings: false });

const ask = () => Bluebird.resolve(traced(aWhile)).return('answer');
const refuse = () => Bluebird.resolve(traced(aWhile)).throw(new Error('refused'));

export const ways = {
  await: async ({ call, see }) => {
    const promise = call(ask);
    see(promise instanceof Bluebird, await promise, promise.isFulfilled());
  },
  'await, twice': async ({ call, see }) => {
    const promise = call(ask);
    see(await Promise.all([promise, promise]));
  },
  'then() and tap()': async ({ call, see }) => {
    const next = call(ask)
      .then((value) => `${value}!`)
      .tap(see);
    see(next instanceof Bluebird, await next);
  },
  'tap()': async ({ call, see }) => see(await call(ask).tap(see)),
  'timeout() that is kept': async ({ call, see }) => see(await call(ask).timeout(5000)),
  'timeout() that runs out': async ({ call, see }) => {
    await call(() => Bluebird.resolve(traced(() => aWhile().then(aWhile))))
      .timeout(90, 'too slow')
      .catch(Bluebird.TimeoutError, (error) => see(error));
    // The work goes on.
    await aWhile();
    await aWhile();
  },
  'timeout() inside the callback': async ({ call, see }) => {
    await call(() => Bluebird.resolve(traced(() => aWhile().then(aWhile))).timeout(90, 'too slow')).then(see, (error) =>
      see(error),
    );
    await aWhile();
    await aWhile();
  },
  'cancel()': async ({ call, see }) => {
    const promise = call(() => new Bluebird((_resolve, _reject, onCancel) => onCancel(() => see('told'))));
    promise.finally(() => see('finally'));
    await sleep(60);
    promise.cancel();
    await sleep(60);
    see(promise.isCancelled(), promise.isPending());
  },
  'cancel() of what is awaited': async ({ call, see }) => {
    const promise = call(() => new Bluebird((_resolve, _reject, onCancel) => onCancel(() => see('told'))));
    const next = promise.then(see);
    await sleep(60);
    next.cancel();
    await sleep(60);
    see(promise.isCancelled(), next.isCancelled());
  },
  'spread() and map()': async ({ call, see }) => {
    const all = () => Bluebird.all([ask(), ask()]);
    call(all).spread((one, two) => see(one, two));
    see(await call(all).map((each) => each.length));
  },
  'promisifyAll()': async ({ call, see }) => {
    const store = Bluebird.promisifyAll({ get: (key, tell) => setTimeout(tell, 120, null, `${key}!`) });
    see(await call(() => store.getAsync('key')));
  },
  'a failure': async ({ call, see }) => {
    try {
      await call(refuse);
    } catch (error) {
      see(error);
    }
  },
  'a failure, to catch() with a class': async ({ call, see }) => {
    await call(refuse)
      .catch(TypeError, () => see('wrong class'))
      .catch(Error, (error) => see(error));
  },
  'a failure that nobody handles': async ({ call }) => {
    call(refuse);
    await aWhile();
    // Bluebird's queue holds what went through it last.
    await Bluebird.delay(40).then(() => {});
  },
  'inspection, without awaiting': async ({ call, see }) => {
    const promise = call(ask);
    while (promise.isPending()) await sleep(10);
    see(promise.value());
  },
  'asCallback()': async ({ call, see }) => {
    await new Promise((resolve) => call(ask).asCallback((error, value) => resolve(see(error, value))));
  },
};
