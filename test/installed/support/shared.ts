/** What the tests of one file share: it is there before the first of them, and gone after the last. */
import { afterAll, beforeAll } from '@jest/globals';
import { type Receiver, startReceiver } from '../../support/otlp-receiver.ts';
import { openWorkshop, type UserApp, type UserAppOptions, type Workshop } from './user-app.ts';

export function shareWorkshop(): Workshop {
  let workshop: Workshop;
  beforeAll(async () => {
    workshop = await openWorkshop();
  }, 120_000);
  // When only some tests run, npm may still be at work for the others.
  afterAll(() => workshop.close(), 240_000);
  return {
    get folder() {
      return workshop.folder;
    },
    get tarball() {
      return workshop.tarball;
    },
    app: (options) => workshop.app(options),
    close: () => workshop.close(),
  };
}

export function shareReceiver(): Receiver {
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await startReceiver();
  });
  afterAll(() => receiver.close());
  return {
    get url() {
      return receiver.url;
    },
    get requests() {
      return receiver.requests;
    },
    get bodies() {
      return receiver.bodies;
    },
    close: () => receiver.close(),
  };
}

/** Gives each group of tests an app of its own. All are installed at once: most of that time is waiting. */
export function shareApps(workshop: Workshop): (options: UserAppOptions) => () => UserApp {
  const installs: (() => void)[] = [];
  beforeAll(() => {
    for (const install of installs) install();
  });
  return (options) => {
    let installing: Promise<UserApp>;
    let app: UserApp;
    installs.push(() => {
      installing = workshop.app(options);
      // Told by the group that waits for it; until then nobody listens.
      installing.catch(() => {});
    });
    beforeAll(async () => {
      app = await installing;
    }, 240_000);
    return () => app;
  };
}
