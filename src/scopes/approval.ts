import type { Link, Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { ById } from '../by-id.ts';
import { sessionOf, traceparentOf } from '../context/header-text.ts';
import { CARRIER_APPROVAL, CARRIER_REQUESTED } from '../context/headers.ts';
import { formatTraceparent, parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import type { Approval as ApprovalHandle } from '../handles.ts';
import { writeStop } from '../handoffs/carrier.ts';
import type { ApprovalAnswer, ApprovalDecision, ApprovalInput, ApprovalStatus, Carrier, RunStatus } from '../model.ts';
import { type OpenScopes, openScopes } from '../sessions/open-scopes.ts';
import { contextIn, NOT_RECORDED, resolve, sessionIdOf } from '../sessions/resolve.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { shared } from '../shared.ts';
import { approvalDecision, approvalSpan, commonAttributes, KIND_INTERNAL } from '../span-model.ts';
import { type Micros, now, tick } from '../tracing/clock.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { InRun, type InRunKind, startInRun } from './in-run.ts';
import type { NoOp } from './no-op.ts';
import type { Opening } from './open.ts';

/** As many as may be open. */
const approvals = shared('approvals', () => new ById<Approval>(Number.POSITIVE_INFINITY));

/** A request for approval. Its span lasts until the decision, or until the wait continues in another process. */
export class Approval extends InRun implements ApprovalHandle {
  readonly id: string;
  #status: ApprovalStatus = 'requested';

  constructor(recorder: Recorder, opening: Opening, span: Span, startedAt: Micros) {
    super(recorder, opening, span, startedAt);
    const given = opening.attributes[key.ATTR_APPROVAL_ID] as string | undefined;
    this.id = given ?? formatTraceparent(this.span.spanContext());
    if (given === undefined) this.recorder.setAttribute(this.span, key.ATTR_APPROVAL_ID, this.id);
    approvals.set(this.id, this);
  }

  protected override peers(): OpenScopes {
    return openScopes.approvals;
  }

  approve(decision?: ApprovalDecision): void {
    this.decide('approved', decision);
  }

  reject(decision?: ApprovalDecision): void {
    this.decide('rejected', decision);
  }

  expire(): void {
    this.decide('expired');
  }

  decide(status: ApprovalStatus, decision?: ApprovalDecision): void {
    if (this.ended) {
      this.recorder.diagnostics.misuse(
        'approval_already_decided',
        `the approval was ${this.#status} and its wait is over: it cannot be ${status} now; a wait that was suspended is decided by resolveApproval`,
      );
      return;
    }
    this.write((attributes) => approvalDecision(attributes, decision, this.recorder.content));
    this.#status = status;
    this.end();
  }

  suspend(): Carrier {
    const carrier = writeStop(this.record.sessionId, this.span.spanContext(), this.context);
    carrier[CARRIER_APPROVAL] = this.id;
    carrier[CARRIER_REQUESTED] = String(Math.round(this.startedAt / 1_000));
    this.end();
    return carrier;
  }

  protected override forgotten(): void {
    // Another approval may have taken the same id.
    if (approvals.get(this.id) === this) approvals.delete(this.id);
  }

  /** A callback that returns true approves, one that returns false rejects. */
  override done(word: unknown): void {
    if (!this.ended && typeof word === 'boolean') this.decide(word ? 'approved' : 'rejected');
    else super.done(word);
  }

  protected override finish(outcome: RunStatus | undefined): void {
    super.finish(outcome);
    this.forgotten();
    this.set(key.ATTR_APPROVAL_STATUS, this.#status);
    this.set(key.ATTR_APPROVAL_WAIT_MS, Math.round((this.now() - this.startedAt) / 1_000));
  }
}

const APPROVAL: InRunKind<Approval> = {
  what: 'an approval',
  spanKind: KIND_INTERNAL,
  make: (recorder, opening, span, startedAt) => new Approval(recorder, opening, span, startedAt),
};

export function startApproval(recorder: Recorder, input: ApprovalInput): Approval | NoOp {
  return startInRun(recorder, APPROVAL, input, approvalSpan);
}

/**
 * Records the decision on an approval of this process. For an approval of another process, records a span linked to the
 * request.
 */
export function resolveApproval(recorder: Recorder, input: ApprovalAnswer): void {
  const active = recorder.active();
  const { content, diagnostics } = recorder;
  const carrier = typeof input.carrier === 'object' && input.carrier !== null ? input.carrier : {};
  const given = carrier[CARRIER_APPROVAL] ?? input.approvalId;
  const id = content.name(given, key.ATTR_APPROVAL_ID);
  const status = statusOf(recorder, input.status);
  if (!id || !status) {
    if (!id) {
      const expected = 'expected what approval.suspend() gave as carrier, or its id as approvalId';
      diagnostics.misuse('unknown_approval', `${expected}, got ${describe(input.carrier ?? input.approvalId)}`);
    }
    return;
  }
  const waiting = approvals.get(id);
  if (waiting) {
    waiting.decide(status, input);
    return;
  }
  const sessionId = input.sessionId ?? sessionIdOf(recorder, sessionOf(carrier));
  const found = resolve(recorder, active, input.runId, sessionId, 'runId');
  if (found === NOT_RECORDED) return;
  const enclosing = found ?? new SessionRecord(recorder, active);
  const attributes = commonAttributes(enclosing.record, enclosing.runId, enclosing.agent.key);
  const name = approvalSpan(attributes, { tool: input.tool, id }, content);
  approvalDecision(attributes, input, content);
  attributes[key.ATTR_APPROVAL_STATUS] = status;
  const startedAt = now();
  const requestedAt = Number(carrier[CARRIER_REQUESTED]);
  if (requestedAt > 0) attributes[key.ATTR_APPROVAL_WAIT_MS] = Math.max(0, Math.round(startedAt / 1_000 - requestedAt));
  const span = recorder.start(
    name,
    KIND_INTERNAL,
    startedAt,
    attributes,
    contextIn(enclosing, active),
    askedAt(carrier, id),
  );
  if (span) recorder.end(span, startedAt, tick());
}

function askedAt(carrier: Carrier, id: string): Link[] | undefined {
  const spanContext = parseTraceparent(traceparentOf(carrier)) ?? parseTraceparent(id);
  return spanContext && [linkTo(spanContext, { [key.ATTR_LINK_TYPE]: 'resume' })];
}

function statusOf(recorder: Recorder, status: unknown): ApprovalStatus | undefined {
  if (status === 'approved' || status === 'rejected' || status === 'expired') return status;
  const expected = 'status: expected "approved", "rejected" or "expired"';
  recorder.diagnostics.misuse('invalid_input', `${expected}, got ${describe(status)}`);
  return undefined;
}
