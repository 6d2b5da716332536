import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import { parseTraceparent } from '../context/traceparent.ts';
import type { Handoff, Run, Session, ToolCall, WorkflowStep } from '../handles.ts';
import type {
  ChildRunInput,
  HandoffAnswer,
  HandoffRequest,
  RunInput,
  SessionInput,
  ToolInput,
  WorkflowStepInput,
} from '../model.ts';

/** What the doctor needs of a client. */
export interface Client {
  startSession(input: SessionInput): Session;
  startRun(input: RunInput): Run;
  startChildRun(input: ChildRunInput): Run;
  startWorkflowStep(input: WorkflowStepInput): WorkflowStep;
  startTool(input: ToolInput): ToolCall;
  trackHandoffRequested(input: HandoffRequest): Handoff;
  trackHandoffCompleted(input: HandoffAnswer): void;
}

/** Names of the spans of the test pipeline. */
export const TEST_SPANS: readonly string[] = [
  'invoke_workflow baton-doctor',
  'invoke_agent doctor',
  'run_step examine',
  'handoff nurse',
  'accept_handoff doctor',
  'invoke_agent nurse',
  'execute_tool thermometer',
];

const MAX_TRIES = 20;

export interface TestRun {
  /** How often it was tried until a session was sampled. */
  readonly tries: number;
  /** Of the session that was sampled. */
  readonly sessionId: string | undefined;
}

/** Runs until a session is sampled. */
export function runTestPipelines(client: Client, sessionId: string): TestRun {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const id = `${sessionId}-${tries}`;
    if (contextApi.with(ROOT_CONTEXT, () => runTestPipeline(client, id))) return { tries, sessionId: id };
  }
  return { tries: MAX_TRIES, sessionId: undefined };
}

/** One of each, by ids alone: it needs no context manager. Gives whether it was sampled. */
function runTestPipeline(client: Client, sessionId: string): boolean {
  const session = client.startSession({ id: sessionId, name: 'baton-doctor', kind: 'diagnosis' });
  const doctor = client.startRun({ sessionId, agent: 'doctor', stepKey: 'doctor', stepIndex: 0 });
  client.startWorkflowStep({ runId: doctor.id, stepKey: 'examine', stepIndex: 1 }).end();
  const reason = 'A test pipeline of the doctor';
  const handoff = client.trackHandoffRequested({ sourceRunId: doctor.id, target: 'nurse', reason });
  const nurse = client.startChildRun({ parentRunId: doctor.id, agent: 'nurse', handoffId: handoff.id });
  client.trackHandoffCompleted({ runId: nurse.id });
  client.startTool({ runId: nurse.id, tool: { name: 'thermometer', riskLevel: 'low' } }).end();
  for (const open of [nurse, doctor, session]) open.end();
  // A session that was dropped knows of no handoff, even where the run below it was sampled by itself.
  return parseTraceparent(doctor.id)?.traceFlags === 1 && session.handoffs.count === 1;
}
