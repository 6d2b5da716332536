/**
 * A handoff over a queue: the triage agent passes the ticket on and is done, and a worker of the billing agent takes the job
 * when it gets to it. The carrier travels in `job.data`.
 *
 * Look at: the run of billing beside that of triage, because the handoff is `pass_control`; and how long the job waited.
 *
 *     npx tsx examples/across/bullmq.ts        (needs redis-server: apt-get install redis-server, brew install redis)
 */
import { tellReplay } from './support/programs.ts';
import { startRedis } from './support/redis.ts';

const redis = await startRedis();
try {
  await tellReplay(async (start) => {
    await start('bullmq/triage.ts', { REDIS_PORT: redis.port }).ended();
    await start('bullmq/billing.ts', { REDIS_PORT: redis.port }).ended();
  });
} finally {
  await redis.stop();
}
