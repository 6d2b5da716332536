import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Carrier, HandoffMode, HandoffStatistics } from '../../../src/index.ts';

export type Answer = 'completed' | 'returned' | 'rejected' | 'failed' | 'silent';

/** What one agent is to hand over to another. */
export interface Errand {
  readonly to: { readonly key: string; readonly url: string };
  readonly number?: number;
  readonly mode?: HandoffMode;
  /** What the receiver says; `completed` once, which is acceptance. */
  readonly answer?: Answer;
  /** What the receiver hands over in its turn. */
  readonly next?: Errand;
  /** The carrier goes in the headers of the request, not in its body. */
  readonly inHeaders?: boolean;
  /** The sender tells its own Baton what the receiver said. */
  readonly report?: boolean;
  readonly dieOnceSent?: boolean;
}

export interface Reply {
  readonly handoffId: string;
  readonly answer: Answer;
  readonly ran: { readonly id: string; readonly sessionId: string };
}

export type Command =
  | { readonly do: 'session'; readonly id: string; readonly errands: readonly Errand[] }
  | { readonly do: 'carrier'; readonly id: string; readonly to: string }
  | { readonly do: 'wait'; readonly together: number }
  | { readonly do: 'flush' }
  | { readonly do: 'warnings' }
  | { readonly do: 'counts' };

/** A process that runs `programs/agent.ts`. */
export class AgentProcess {
  readonly key: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #count = 0;

  private constructor(key: string, url: string, child: ChildProcess) {
    this.key = key;
    this.url = url;
    this.#child = child;
    child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${key}: ${error}`));
    });
    child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${key} ended with ${signal ?? code}`));
    });
  }

  static async start(key: string, endpoint: string, env: Readonly<Record<string, string>> = {}): Promise<AgentProcess> {
    const child = fork('test/across/programs/agent.ts', {
      execArgv: ['--import', 'tsx', ...(env.PRELOAD ? ['--import', `./test/across/programs/${env.PRELOAD}`] : [])],
      // Nothing goes out by itself: the test says when.
      env: {
        ...process.env,
        AGENT: key,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_BSP_SCHEDULE_DELAY: '600000',
        ...env,
      },
    });
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${key} ended at once: ${code}`)));
    const [{ url }] = (await Promise.race([once(child, 'message'), ended])) as [{ url: string }];
    ended.catch(() => {});
    return new AgentProcess(key, url, child);
  }

  session(id: string, errands: readonly Errand[]): Promise<HandoffStatistics> {
    return this.#tell({ do: 'session', id, errands }) as Promise<HandoffStatistics>;
  }

  carrier(id: string, to: string): Promise<Carrier> {
    return this.#tell({ do: 'carrier', id, to }) as Promise<Carrier>;
  }

  /** From now on no errand is answered before so many are there. */
  async waitFor(together: number): Promise<void> {
    await this.#tell({ do: 'wait', together });
  }

  async flush(): Promise<void> {
    await this.#tell({ do: 'flush' });
  }

  /** How often each kind of warning occurred. */
  counts(): Promise<Readonly<Record<string, number>>> {
    return this.#tell({ do: 'counts' }) as Promise<Readonly<Record<string, number>>>;
  }

  /** Those that were told since the last call: the first of each kind. */
  warnings(): Promise<readonly string[]> {
    return this.#tell({ do: 'warnings' }) as Promise<readonly string[]>;
  }

  /** Sends a carrier straight to this agent, as somebody else's client would. */
  async post(carrier: unknown, errand: Partial<Errand> = {}): Promise<Reply> {
    const response = await fetch(this.url, { method: 'POST', body: JSON.stringify({ carrier, errand }) });
    return (await response.json()) as Reply;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  #tell(command: Command): Promise<unknown> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command });
    });
  }
}
