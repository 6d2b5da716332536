import { messageOf } from '../diagnostics.ts';
import { BatonError } from '../errors.ts';
import type { ReceivedHandoff } from '../handles.ts';
import type { HandoffReply } from '../model.ts';
import { recordAnswer } from './answer.ts';
import type { Handoff, HandoffRun } from './handoff.ts';
import type { Try } from './try.ts';

type AnswerStatus = Parameters<typeof recordAnswer>[3];

/** The handle of a handoff that a run picked up. */
export class Received implements ReceivedHandoff {
  readonly #run: HandoffRun;
  readonly #try: Try<Handoff>;

  constructor(run: HandoffRun, attempt: Try<Handoff>) {
    this.#run = run;
    this.#try = attempt;
  }

  get id(): string {
    return this.#try.handoff.id;
  }

  get source(): string | undefined {
    return this.#try.handoff.source || undefined;
  }

  accept(reply?: HandoffReply): void {
    this.#recordAnswer('accepted', reply);
  }

  /** Completes it; a handoff that was not accepted is accepted first. */
  complete(reply?: HandoffReply): void {
    if (this.#try.status === 'requested') this.#recordAnswer('accepted', {});
    this.#recordAnswer('completed', reply);
  }

  reject(reply?: HandoffReply): void {
    this.#recordAnswer('rejected', reply);
  }

  return(reply?: HandoffReply): void {
    this.#recordAnswer('returned', reply);
  }

  fail(reply?: HandoffReply): void {
    this.#recordAnswer('failed', reply);
  }

  /** Input that cannot be read counts as not given. Baton throws nothing into the app. */
  #recordAnswer(status: AnswerStatus, reply: HandoffReply | undefined): void {
    const { recorder } = this.#run;
    try {
      recordAnswer(recorder, this.#try, this.#run, status, this.#readable(reply));
    } catch (error) {
      if (error instanceof BatonError) throw error;
      recorder.failed('recording an answer', error);
    }
  }

  #readable(reply: HandoffReply | undefined): HandoffReply {
    try {
      return { reason: reply?.reason, payloadSummary: reply?.payloadSummary, error: reply?.error };
    } catch (error) {
      const message = `the reply to a handoff cannot be read: ${messageOf(error)}; the answer is recorded without it`;
      this.#run.recorder.diagnostics.misuse('invalid_input', message);
      return {};
    }
  }
}
