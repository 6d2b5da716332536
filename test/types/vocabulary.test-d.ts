import type { IncomingMessage } from 'node:http';
// Checked by `tsc`, never run: what an editor offers and accepts, what comes back, and what must not compile.
import { expectTypeOf } from 'expect-type';
import {
  type ActionType,
  Baton,
  type Carrier,
  type Handoff,
  type HandoffMode,
  type HandoffReasonType,
  type HandoffStatus,
  type ModelCall,
  type ResourceType,
  type RiskLevel,
  type Run,
  type RunInput,
  type RunRole,
  type Session,
  type SessionKind,
  type ToolCall,
  type WorkflowStep,
} from 'otel-baton';

/** The words that an editor offers: a union that had collapsed to `string` would have none. */
type Offered<Word extends string> = Word extends string ? (string extends Word ? never : Word) : never;

export function vocabularies(): void {
  expectTypeOf<Offered<SessionKind>>().toEqualTypeOf<'pipeline' | 'multi_agent' | 'single_agent'>();
  expectTypeOf<Offered<RunRole>>().toEqualTypeOf<'orchestrator' | 'worker'>();
  expectTypeOf<Offered<RiskLevel>>().toEqualTypeOf<'low' | 'medium' | 'high' | 'critical'>();
  expectTypeOf<'write'>().toExtend<Offered<ActionType>>();
  expectTypeOf<'work_item'>().toExtend<Offered<ResourceType>>();
  expectTypeOf<Offered<HandoffReasonType>>().toEqualTypeOf<
    'specialization' | 'escalation' | 'delegation' | 'completion' | 'failure'
  >();
  // The app's own words are welcome there …
  expectTypeOf<string>().toExtend<SessionKind>();
  expectTypeOf<string>().toExtend<RunRole>();
  expectTypeOf<string>().toExtend<RiskLevel>();
  expectTypeOf<string>().toExtend<ActionType>();
  expectTypeOf<string>().toExtend<ResourceType>();
  expectTypeOf<string>().toExtend<HandoffReasonType>();
  // … and these lists are closed.
  expectTypeOf<HandoffMode>().toEqualTypeOf<'pass_control' | 'return_to_caller'>();
  expectTypeOf<HandoffStatus>().toEqualTypeOf<
    'requested' | 'accepted' | 'completed' | 'rejected' | 'returned' | 'failed' | 'expired'
  >();
}

/** A client's own promise: lazy, and more than `then`. */
interface Query extends PromiseLike<string[]> {
  limit(rows: number): Query;
}

declare const query: Query;
declare const web: ReadableStream<string>;
declare function numbers(): Generator<number>;
declare function chunks(): AsyncGenerator<string>;

export function results(baton: Baton): void {
  expectTypeOf(baton.withRun({}, () => 42)).toEqualTypeOf<number>();
  expectTypeOf(baton.withRun({}, () => undefined)).toEqualTypeOf<undefined>();
  expectTypeOf(baton.withSession({}, async () => 'done')).toEqualTypeOf<Promise<string>>();
  expectTypeOf(baton.withTool({ tool: 'search' }, () => query)).toEqualTypeOf<Query>();
  expectTypeOf(baton.withLlmCall({ model: 'gpt-5.5' }, () => web)).toEqualTypeOf<ReadableStream<string>>();
  expectTypeOf(baton.withWorkflowStep({ stepKey: 'pages' }, () => numbers())).toEqualTypeOf<Generator<number>>();
  expectTypeOf(baton.withMcpCall({ tool: 'fetch' }, () => chunks())).toEqualTypeOf<AsyncGenerator<string>>();
}

export function handles(baton: Baton): void {
  baton.withSession({}, (session) => expectTypeOf(session).toEqualTypeOf<Session>());
  baton.withRun({}, (run) => expectTypeOf(run).toEqualTypeOf<Run>());
  baton.withChildRun({}, (run) => expectTypeOf(run).toEqualTypeOf<Run>());
  baton.withWorkflowStep({}, (step) => expectTypeOf(step).toEqualTypeOf<WorkflowStep>());
  baton.withTool({ tool: 'search' }, (call) => expectTypeOf(call).toEqualTypeOf<ToolCall>());
  baton.withLlmCall({}, (call) => expectTypeOf(call).toEqualTypeOf<ModelCall>());
  baton.withMcpCall({ tool: 'search' }, (call) => expectTypeOf(call).toEqualTypeOf<ToolCall>());
  const handoff = baton.trackHandoffRequested({});
  expectTypeOf(handoff).toEqualTypeOf<Handoff>();
  expectTypeOf(handoff.carrier()).toExtend<Carrier>();
  expectTypeOf(handoff.carrier()).toExtend<NonNullable<RequestInit['headers']>>();
  expectTypeOf<IncomingMessage['headers']>().toExtend<NonNullable<RunInput['carrier']>>();
  expectTypeOf(baton.flush()).toEqualTypeOf<Promise<boolean>>();
  expectTypeOf<Session>().toExtend<AsyncDisposable & Disposable>();
  baton.withSession({}, ({ handoffs }) => {
    for (const { status } of handoffs) expectTypeOf(status).toEqualTypeOf<HandoffStatus>();
    expectTypeOf(handoffs.path()).toEqualTypeOf<string>();
  });
}

/** Optional fields may be handed on as they are, also with `exactOptionalPropertyTypes`. */
export function optional(baton: Baton, id: string | undefined): void {
  baton.withSession({ id, userId: id }, () => {});
  baton.withRun({ sessionId: id, parentRunId: id, handoffId: id, agent: id, stepKey: id }, () => {});
  baton.trackHandoffRequested({ target: id, reason: id });
  baton.trackHandoffCompleted();
}

export function misuse(baton: Baton, run: Run, session: Session, call: ToolCall): void {
  // @ts-expect-error an agent is needed
  new Baton({});
  // @ts-expect-error an agent has a key
  new Baton({ agent: { name: 'Triage' } });
  // @ts-expect-error modes are a closed list
  new Baton({ agent: 'triage', mode: 'loud' });
  // @ts-expect-error so are content policies
  new Baton({ agent: 'triage', content: 'everything' });
  // @ts-expect-error the id of a session is a string
  baton.withSession({ id: 4711 }, () => {});
  // @ts-expect-error likewise where it is named
  baton.withRun({ sessionId: 4711 }, () => {});
  // @ts-expect-error a session is named by its id
  baton.withRun({ sessionId: session }, () => {});
  // @ts-expect-error a callback is needed
  baton.withRun({ sessionId: session.id });
  // @ts-expect-error it is stepKey
  baton.withRun({ stepkey: 'triage' }, () => {});
  // @ts-expect-error an index is a number
  baton.withWorkflowStep({ stepKey: 'triage', stepIndex: '1' }, () => {});
  // @ts-expect-error a tool call names its tool
  baton.withTool({ runId: run.id }, () => {});
  // @ts-expect-error a tool has a name
  baton.withTool({ tool: { riskLevel: 'low' } }, () => {});
  // @ts-expect-error options come first
  baton.withTool(() => {});
  // @ts-expect-error modes of handoffs are a closed list
  baton.trackHandoffRequested({ mode: 'delegate' });
  // @ts-expect-error so are kinds of targets
  baton.trackHandoffRequested({ target: { kind: 'team', key: 'billing' } });
  // @ts-expect-error a status is a closed list, and set by the call
  baton.trackHandoffCompleted({ status: 'done' });
  // @ts-expect-error a summary is a text or an object
  run.setOutputSummary(42);
  // @ts-expect-error ids are given, not set
  run.id = 'mine';
  // @ts-expect-error true or false
  call.setCached('yes');
  // @ts-expect-error tokens are numbers
  run.setUsage({ inputTokens: '120' });
  // @ts-expect-error an event has a type
  baton.track({ payload: { attempt: 2 } });
  // @ts-expect-error one of the seven words
  const status: HandoffStatus = 'done';
  expectTypeOf(status).toBeString();
}
