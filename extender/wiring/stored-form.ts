import { timeOf } from '../facts/timestamp.ts';
import { inTurns } from '../page/in-turns.ts';
import type { ShownHistories } from '../page/shapes.ts';
import { statusOf } from '../storage/encode.ts';
import { objectNameOf } from '../storage/schema.ts';
import type { HistoryStore } from '../storage/store.ts';

/** All that is remembered, in the form in which it is stored: for reports without a cluster to read from. */
export async function storedForm(
  store: Pick<HistoryStore, 'all'>,
  nowSeconds: number,
  cluster: string | undefined,
): Promise<ShownHistories> {
  return {
    at: timeOf(nowSeconds),
    ...(cluster !== undefined && { cluster }),
    histories: await inTurns(store.all(), (history) => ({
      name: objectNameOf(history.host),
      status: statusOf(history).status,
    })),
  };
}
