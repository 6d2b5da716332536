import type { Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { ModelCall as ModelCallHandle } from '../handles.ts';
import type { ModelCallInput, ModelResponse, RunStatus, Usage } from '../model.ts';
import { addUsage, KIND_MODEL_CALL, modelCallSpan, responseAttributes } from '../span-model.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { InRun, type InRunKind, startInRun } from './in-run.ts';
import type { NoOp } from './no-op.ts';
import type { Opening } from './open.ts';

/** A model call. Its usage also counts for its run. */
export class ModelCall extends InRun implements ModelCallHandle {
  usage: Usage | undefined;
  readonly #provider: string | undefined;

  constructor(recorder: Recorder, opening: Opening, span: Span, startedAt: Micros) {
    super(recorder, opening, span, startedAt);
    this.#provider = opening.attributes[key.ATTR_GEN_AI_PROVIDER_NAME] as string | undefined;
  }

  setResponse(response: ModelResponse): void {
    this.write((attributes) => {
      if (typeof response !== 'object' || response === null) return;
      responseAttributes(attributes, response, this.recorder.content);
      if (response.usage) this.usage = addUsage({}, response.usage);
    });
  }

  setUsage(usage: Usage): void {
    this.setResponse({ usage });
  }

  protected override finish(outcome: RunStatus | undefined): void {
    super.finish(outcome);
    this.run?.used(this.usage, this.#provider);
  }
}

const MODEL_CALL: InRunKind<ModelCall> = {
  what: 'a model call',
  spanKind: KIND_MODEL_CALL,
  make: (recorder, opening, span, startedAt) => new ModelCall(recorder, opening, span, startedAt),
};

export function startModelCall(recorder: Recorder, input: ModelCallInput): ModelCall | NoOp {
  // Read before the span starts.
  const usage = input.usage ? addUsage({}, input.usage) : undefined;
  const call = startInRun(recorder, MODEL_CALL, input, modelCallSpan);
  if (usage && call instanceof ModelCall) call.usage = usage;
  return call;
}
