import { exporterBatch, exporterPlugin } from './exporter.bench.ts';
import { foreignInside, foreignOutside } from './foreign-spans.bench.ts';
import { manyOpen } from './many-open.bench.ts';
import type { Question } from './measure/question.ts';
import { pipelineDisabled, pipelineWithoutProvider } from './pipeline-off.bench.ts';
import { pipelineOn } from './pipeline-on.bench.ts';
import { pipelineUnsampled } from './pipeline-unsampled.bench.ts';
import { redactHarmless, redactSecrets } from './redact.bench.ts';
import { atOnce, nested, nestedGrowth, runsInOneSession } from './runs.bench.ts';

export const QUESTIONS: readonly Question[] = [
  pipelineOn,
  pipelineUnsampled,
  pipelineDisabled,
  pipelineWithoutProvider,
  foreignOutside,
  foreignInside,
  exporterPlugin,
  exporterBatch,
  redactHarmless,
  redactSecrets,
  runsInOneSession,
  nested,
  nestedGrowth,
  atOnce,
  manyOpen,
];
