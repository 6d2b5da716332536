/**
 * A handoff over a queue: the triage agent passes the ticket on and ends. A worker of the billing agent takes the job
 * later. The carrier travels in `job.data`.
 *
 * Look at: the run of billing, a sibling of triage's run because the handoff is `pass_control`; how long the job waited.
 *
 *     npx tsx examples/across/bullmq.ts        (needs redis-server: apt-get install redis-server, brew install redis)
 */
import { printReplay } from './support/programs.ts';
import { startRedis } from './support/redis.ts';

const redis = await startRedis();
try {
  await printReplay(async (start) => {
    await start('bullmq/triage.ts', { REDIS_PORT: redis.port }).ended();
    await start('bullmq/billing.ts', { REDIS_PORT: redis.port }).ended();
  });
} finally {
  await redis.stop();
}
