import type { Context } from '@opentelemetry/api';
import type { Agent, Usage } from '../model.ts';
import type { OpenScope } from './open-scopes.ts';
import type { SessionRecord } from './session-record.ts';

/** What a new span belongs to: the run or the session around it, found by id or by async context. */
export interface EnclosingScope {
  readonly record: SessionRecord;
  /** The run, when it is open in this process. */
  readonly run: OpenRun | undefined;
  readonly runId: string | undefined;
  readonly agent: Agent;
  /** The innermost scope of ours, when it is open in this process. */
  readonly scope: OpenScope | undefined;
  /** The context to start the span in: its active span is the parent. */
  readonly context: Context;
}

/** A run that is at work in this process. */
export interface OpenRun extends OpenScope, EnclosingScope {
  readonly id: string;
  /** The id of the run that started this one. */
  readonly parentId: string | undefined;
  /** The step that it is, for a handoff that names it so. */
  readonly stepKey: string | undefined;
  /** A model call inside it has ended. */
  used(usage: Usage | undefined, provider: string | undefined): void;
}
