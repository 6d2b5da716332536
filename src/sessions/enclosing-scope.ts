import type { Context } from '@opentelemetry/api';
import type { Agent, Usage } from '../model.ts';
import type { OpenScope } from './open-scopes.ts';
import type { SessionRecord } from './session-record.ts';

/** What a new span belongs to: the enclosing run or session, found by id or by async context. */
export interface EnclosingScope {
  readonly record: SessionRecord;
  /** The run, if it is open in this process. */
  readonly run: OpenRun | undefined;
  readonly runId: string | undefined;
  readonly agent: Agent;
  /** The innermost Baton scope, if it is open in this process. */
  readonly scope: OpenScope | undefined;
  /** The context to start the span in; its active span is the parent. */
  readonly context: Context;
}

/** A run that is open in this process. */
export interface OpenRun extends OpenScope, EnclosingScope {
  readonly id: string;
  /** The id of the parent run. */
  readonly parentId: string | undefined;
  /** The run's step, for handoffs that are addressed to a step. */
  readonly stepKey: string | undefined;
  /** Called when a model call inside it has ended. */
  used(usage: Usage | undefined, provider: string | undefined): void;
}
