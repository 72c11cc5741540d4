import { setTimeout as sleep } from 'node:timers/promises';
import type { RawClient } from './raw.ts';
import { pod } from './workloads.ts';

/** What became of device pods that were created one after the other, without being kept. */
export interface Creations {
  readonly created: number;
  /** Not created, with what the API server said. */
  readonly failed: readonly string[];
  /** Created as if no webhook were there. */
  readonly unprepared: number;
}

/** Creates so many opted-in device pods a second (dry run, through all of admission) until `work` is done. */
export async function whileCreating(
  raw: RawClient,
  perSecond: number,
  work: () => Promise<void>,
): Promise<Creations> {
  let isDone = false;
  let created = 0;
  let unprepared = 0;
  const failed: string[] = [];
  const inFlight = new Set<Promise<void>>();
  const one = async (index: number) => {
    const { status, body } = await raw.create('pods', 'default', pod(`load-${index}`), {
      dryRun: true,
    });
    if (status !== 201) failed.push(`${status} ${body.message}`);
    else if (body.metadata.labels?.['surefoot.dev/managed'] !== 'true') unprepared += 1;
    created += 1;
  };
  const creating = (async () => {
    const begun = performance.now();
    for (let index = 0; !isDone; index += 1) {
      const call = one(index).catch((error: Error) => {
        failed.push(error.message);
      });
      inFlight.add(call);
      void call.finally(() => inFlight.delete(call));
      const dueMs = begun + ((index + 1) * 1000) / perSecond;
      await sleep(Math.max(0, dueMs - performance.now()));
    }
    await Promise.all(inFlight);
  })();
  try {
    await work();
  } finally {
    isDone = true;
    await creating;
  }
  return { created, failed, unprepared };
}
