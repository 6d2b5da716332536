/**
 * One agent as a service: it takes handoffs over HTTP, asks others when told to, and exports over OTLP when told to. The
 * test talks to it over the channel of `fork`; handoffs never go there.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Baton, type Carrier, type Handoff } from 'otel-baton';
import { register } from 'otel-baton/sdk';
import type { Answer, Command, Errand, Reply } from '../support/agents.ts';

const { AGENT: key = 'agent' } = process.env;
const warnings: string[] = [];
const telemetry = register({ serviceName: key, resource: { 'test.process': key } });
const baton = new Baton({ agent: key, onWarning: ({ code }) => warnings.push(code) });

/** So many errands wait for one another before the first is answered; the last to come is the first to go on. */
let together = 0;
let open: (() => void)[] = [];

function everybody(): Promise<void> {
  const here = new Promise<void>((resolve) => open.push(resolve));
  if (open.length >= together) {
    for (const go of open.reverse()) go();
    open = [];
  }
  return here;
}

const ANSWERS: Readonly<Record<Answer, (handoffId?: string) => void>> = {
  completed: (handoffId) => baton.trackHandoffCompleted({ handoffId }),
  returned: (handoffId) => baton.trackHandoffReturned({ handoffId, reason: 'not for me' }),
  rejected: (handoffId) => baton.trackHandoffRejected({ handoffId, reason: 'no' }),
  failed: (handoffId) => baton.trackHandoffFailed({ handoffId, error: new RangeError('no seat left') }),
  silent: () => {},
};

function numbered({ number }: Partial<Errand>): object {
  return number === undefined ? {} : { number };
}

async function ask(url: string, errand: Errand, handoff: Handoff): Promise<void> {
  const carrier = handoff.carrier();
  const inHeaders = errand.inHeaders === true;
  const sent = fetch(url, {
    method: 'POST',
    headers: inHeaders ? carrier : {},
    body: JSON.stringify({ errand, ...(inHeaders ? {} : { carrier }) }),
  });
  if (errand.dieOnceSent) await sent.finally(() => process.kill(process.pid, 'SIGKILL'));
  const { handoffId, answer } = (await (await sent).json()) as Reply;
  if (errand.report) ANSWERS[answer](handoffId);
}

/** Hands over, and what comes next along with it. */
async function handOver(errands: readonly Errand[]): Promise<void> {
  await Promise.all(
    errands.map((errand) => {
      const { to, mode } = errand;
      const handoff = baton.trackHandoffRequested({ target: to.key, mode, metadata: numbered(errand) });
      return ask(to.url, errand, handoff);
    }),
  );
}

const server = createServer(async (request, response) => {
  const body = (await json(request)) as { errand: Errand; carrier?: Carrier };
  const { errand } = body;
  const carrier = errand.inHeaders ? request.headers : body.carrier;
  const answer = errand.answer ?? 'completed';
  const ran = await baton.withRun({ carrier, agent: key, metadata: numbered(errand) }, async (run) => {
    await everybody();
    ANSWERS[answer]();
    if (errand.next) await handOver([errand.next]);
    return { id: run.id, sessionId: run.sessionId };
  });
  response.end(JSON.stringify({ handoffId: String(carrier?.['baton-handoff']), answer, ran } satisfies Reply));
});

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'session':
      return baton.withSession({ id: command.id, kind: 'multi_agent' }, async (session) => {
        await baton.withRun({}, () => handOver(command.errands));
        return session.handoffs.statistics();
      });
    case 'carrier':
      return baton.withSession({ id: command.id }, () =>
        baton.withRun({}, () => baton.trackHandoffRequested({ target: command.to }).carrier()),
      );
    case 'wait':
      together = command.together;
      return undefined;
    case 'flush':
      return await telemetry.flush();
    case 'warnings':
      return warnings.splice(0);
    case 'counts':
      return baton.warnings();
  }
}

process.on('message', async ({ id, command }: { id: number; command: Command }) => {
  try {
    process.send?.({ id, value: await obey(command) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
process.once('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
