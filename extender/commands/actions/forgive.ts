import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import type { HostHistory } from '../../history/host-history.ts';
import { deviceHistories } from '../../storage/api.ts';
import { historyOf } from '../../storage/decode.ts';
import { FORGIVE, forgivenessText } from '../../storage/forgive.ts';
import type { DeviceHistory } from '../../storage/schema.ts';
import { pollUntil } from '../terminal/poll-until.ts';
import { print } from '../terminal/print.ts';
import { eachHistory } from './stored-histories.ts';

export interface ForgiveOptions extends ApiOptions {
  readonly device?: string;
  readonly reason: string;
}

/** The extender that keeps the history takes it up by its watch, writes, and takes the mark away. */
const PATIENCE_MS = 20_000;
const ASK_AGAIN_MS = 250;

/** Asks the extender to forgive what a node, or one device of it, has in its history, and waits for it. */
export async function forgive(node: string, options: ForgiveOptions): Promise<void> {
  const config = loadKubeConfig(options);
  const api = deviceHistories(config);
  const { name, count } = await objectOf(node, api, options);
  const { reason, device } = options;
  const mark = forgivenessText({ reason, ...(device !== undefined && { device }) });
  await api.mergePatch(name, { metadata: { annotations: { [FORGIVE]: mark } } });
  const isTakenUp = ({ metadata }: DeviceHistory) => metadata.annotations?.[FORGIVE] === undefined;
  const object = await pollUntil(() => api.get(name), isTakenUp, {
    patienceMs: PATIENCE_MS,
    everyMs: ASK_AGAIN_MS,
  });
  if (isTakenUp(object)) {
    const what = count === 1 ? 'one incident' : `${count} incidents`;
    print(`forgave ${what} of ${device === undefined ? node : `${device} on ${node}`}`);
    return;
  }
  throw new Error(
    `no extender has taken it up within ${PATIENCE_MS / 1000} s; the mark stays on devicehistory/${name}, and the next one that keeps the history does it`,
  );
}

/** The object of the host that the node stands for, and how many incidents there are to forgive. */
async function objectOf(
  node: string,
  api: ReturnType<typeof deviceHistories>,
  options: ForgiveOptions,
): Promise<{ readonly name: string; readonly count: number }> {
  const hosts = new Set<string>();
  let found: { readonly name: string; readonly history: HostHistory } | undefined;
  function take(object: DeviceHistory): void {
    const { name = '' } = object.metadata;
    const read = historyOf(object);
    hosts.add(name);
    if (read.ok && read.history.node === node) found ??= { name, history: read.history };
  }
  await eachHistory(api, take);
  if (found !== undefined) return { name: found.name, count: countIn(found.history, options) };
  throw new WrongCall(
    `there is no history of "${node}"; name a node of kubectl get devicehistories, which has ${hosts.size}`,
  );
}

/** Throws when there is nothing to forgive. */
function countIn({ node, incidents }: HostHistory, { device }: ForgiveOptions): number {
  const open = incidents.filter((incident) => incident.forgiven === undefined);
  const count = open.filter((one) => device === undefined || one.device === device).length;
  if (count > 0) return count;
  const ids = [...new Set(open.flatMap((incident) => incident.device ?? []))];
  throw new Error(
    device === undefined
      ? `there is nothing to forgive on ${node}`
      : `${node} has nothing to forgive of --device ${device}; its devices with incidents: ${ids.join(', ') || 'none'}`,
  );
}
