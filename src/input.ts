import type {
  ApprovalAnswer,
  ApprovalInput,
  CapturedError,
  HandoffAnswer,
  HandoffRequest,
  McpCallInput,
  ModelCallInput,
  RunInput,
  SessionInput,
  ToolInput,
  TrackedEvent,
  Until,
  WorkflowStepInput,
} from './model.ts';

/**
 * Reads an app's input once, so that later code can neither make a top-level getter throw nor see a value change.
 * Each kind has one object literal with every field. Whatever an app leaves out or adds, the result has one shape, and
 * one shape costs half as much to read.
 */

/** Options of a scope, including those that control its end. */
type Scope<Input> = Input & Until<unknown>;
/**
 * Requires each field, also where it is `undefined`: a field that is added to the model but not here does not compile.
 */
type All<Input> = { readonly [Field in keyof Required<Input>]: Input[Field] };

export const session = (given: Scope<SessionInput>): All<Scope<SessionInput>> => ({
  signal: given.signal,
  id: given.id,
  sessionId: given.sessionId,
  name: given.name,
  kind: given.kind,
  inputSummary: given.inputSummary,
  environment: given.environment,
  userId: given.userId,
  conversationId: given.conversationId,
  previousSessionId: given.previousSessionId,
  trace: given.trace,
  carrier: given.carrier,
  metadata: given.metadata,
  until: given.until,
});

export const run = (given: Scope<RunInput>): All<Scope<RunInput>> => ({
  stepKey: given.stepKey,
  stepName: given.stepName,
  stepIndex: given.stepIndex,
  signal: given.signal,
  sessionId: given.sessionId,
  parentRunId: given.parentRunId,
  agent: given.agent,
  role: given.role,
  inputSummary: given.inputSummary,
  payloadSummary: given.payloadSummary,
  environment: given.environment,
  handoffId: given.handoffId,
  carrier: given.carrier,
  trace: given.trace,
  joins: given.joins,
  metadata: given.metadata,
  until: given.until,
});

export const step = (given: Scope<WorkflowStepInput>): All<Scope<WorkflowStepInput>> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  stepKey: given.stepKey,
  stepName: given.stepName,
  stepIndex: given.stepIndex,
  signal: given.signal,
  joins: given.joins,
  payloadSummary: given.payloadSummary,
  metadata: given.metadata,
  until: given.until,
});

export const tool = (given: Scope<ToolInput>): All<Scope<ToolInput>> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  signal: given.signal,
  tool: given.tool,
  action: given.action,
  resource: given.resource,
  callId: given.callId,
  arguments: given.arguments,
  idempotencyKey: given.idempotencyKey,
  metadata: given.metadata,
  until: given.until,
});

export const mcpCall = (given: Scope<McpCallInput>): All<Scope<McpCallInput>> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  signal: given.signal,
  server: given.server,
  tool: given.tool,
  riskLevel: given.riskLevel,
  action: given.action,
  actionType: given.actionType,
  actionName: given.actionName,
  resource: given.resource,
  resourceType: given.resourceType,
  resourceProvider: given.resourceProvider,
  resourceId: given.resourceId,
  environment: given.environment,
  callId: given.callId,
  arguments: given.arguments,
  idempotencyKey: given.idempotencyKey,
  metadata: given.metadata,
  until: given.until,
});

export const modelCall = (given: Scope<ModelCallInput>): All<Scope<ModelCallInput>> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  signal: given.signal,
  model: given.model,
  provider: given.provider,
  operation: given.operation,
  messages: given.messages,
  usage: given.usage,
  metadata: given.metadata,
  until: given.until,
});

export const approval = (given: Scope<ApprovalInput>): All<Scope<ApprovalInput>> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  signal: given.signal,
  tool: given.tool,
  action: given.action,
  resource: given.resource,
  id: given.id,
  approver: given.approver,
  reason: given.reason,
  payloadSummary: given.payloadSummary,
  metadata: given.metadata,
  until: given.until,
});

export const handoff = (given: HandoffRequest): All<HandoffRequest> => ({
  sessionId: given.sessionId,
  sourceRunId: given.sourceRunId,
  target: given.target,
  mode: given.mode,
  reason: given.reason,
  reasonType: given.reasonType,
  environment: given.environment,
  payloadSummary: given.payloadSummary,
  context: given.context,
  expiresInMs: given.expiresInMs,
  metadata: given.metadata,
});

export const answer = (given: HandoffAnswer): All<HandoffAnswer> => ({
  reason: given.reason,
  payloadSummary: given.payloadSummary,
  error: given.error,
  sessionId: given.sessionId,
  runId: given.runId,
  handoffId: given.handoffId,
});

export const decision = (given: ApprovalAnswer): All<ApprovalAnswer> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  approver: given.approver,
  reason: given.reason,
  status: given.status,
  carrier: given.carrier,
  approvalId: given.approvalId,
  tool: given.tool,
});

export const event = (given: TrackedEvent): All<TrackedEvent> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  type: given.type,
  payload: given.payload,
});

export const error = (given: CapturedError): All<CapturedError> => ({
  sessionId: given.sessionId,
  runId: given.runId,
  error: given.error,
  metadata: given.metadata,
});

/** The readable part of an input that has fields that throw. */
export interface Readable<Input> {
  readonly input: Input;
  /** Names of the fields that threw; they count as not given. */
  readonly unreadable: readonly string[];
}

/** Reads field by field. Getters of a class are included. */
export function readEach<Input extends object>(input: Input): Readable<Input> {
  return readFields(input, 0);
}

/** Like `readEach`, but also reads into plain objects, for values that throw only when their members are read. */
export function readDeeply<Input extends object>(input: Input): Readable<Input> {
  return readFields(input, 2);
}

function readFields<Input extends object>(input: Input, depth: number): Readable<Input> {
  const copy: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const name of namesOf(input)) {
    try {
      const value = (input as Record<string, unknown>)[name];
      if (depth > 0 && isPlain(value)) {
        const inner = readFields(value, depth - 1);
        copy[name] = inner.input;
        unreadable.push(...inner.unreadable.map((each) => `${name}.${each}`));
      } else copy[name] = value;
    } catch {
      unreadable.push(name);
    }
  }
  return { input: copy as Input, unreadable };
}

/** Other objects (a Map, an error, an array) are left to the code that handles their kind. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function namesOf(input: object): ReadonlySet<string> {
  const names = new Set<string>();
  try {
    for (
      let holder: object | null = input;
      holder && holder !== Object.prototype;
      holder = Object.getPrototypeOf(holder)
    ) {
      for (const name of Object.getOwnPropertyNames(holder)) if (name !== 'constructor') names.add(name);
      if (names.size > MAX_NAMES) break;
    }
  } catch {
    // A proxy may refuse to list its keys: use the names collected so far.
  }
  return names;
}

/** No options have so many fields, but a proxy may claim so. */
const MAX_NAMES = 1_000;
