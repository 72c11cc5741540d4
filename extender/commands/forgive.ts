import { setTimeout as sleep } from 'node:timers/promises';
import { CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import {
  type DeviceHistory,
  GROUP,
  historyOf,
  PLURAL,
  VERSION,
} from '../storage/device-history.ts';
import { FORGIVE, forgivenessText } from '../storage/forgive.ts';
import { type ApiOptions, loadKubeConfig, servedSource } from '../watch/api.ts';

export interface ForgiveOptions extends ApiOptions {
  readonly device?: string;
  readonly reason: string;
}

const KIND = { group: GROUP, version: VERSION, plural: PLURAL };
/** The extender that keeps the history takes it up by its watch, writes, and takes the mark away. */
const PATIENCE_MS = 20_000;
const ASK_AGAIN_MS = 250;

/** Asks the extender to forgive what a node, or one device of it, has in its history, and waits for it. */
export async function forgive(node: string, options: ForgiveOptions): Promise<void> {
  const config = loadKubeConfig(options);
  const api = config.makeApiClient(CustomObjectsApi);
  const { name, count } = await objectOf(node, options);
  const { reason, device } = options;
  const mark = forgivenessText({ reason, ...(device !== undefined && { device }) });
  await api.patchClusterCustomObject(
    { ...KIND, name, body: { metadata: { annotations: { [FORGIVE]: mark } } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += ASK_AGAIN_MS) {
    const object = (await api.getClusterCustomObject({ ...KIND, name })) as DeviceHistory;
    if (object.metadata.annotations?.[FORGIVE] === undefined) {
      const what = count === 1 ? 'one incident' : `${count} incidents`;
      console.log(`forgave ${what} of ${device === undefined ? node : `${device} on ${node}`}`);
      return;
    }
    await sleep(ASK_AGAIN_MS);
  }
  throw new Error(
    `no extender has taken it up within ${PATIENCE_MS / 1000} s; the mark stays on devicehistory/${name}, and the next one that keeps the history does it`,
  );
}

/** The object of the host that the node stands for, and how many incidents there are to forgive. */
async function objectOf(
  node: string,
  options: ForgiveOptions,
): Promise<{ name: string; count: number }> {
  const source = servedSource<DeviceHistory>(loadKubeConfig(options), KIND);
  const nodes: string[] = [];
  for (let token = ''; ; ) {
    const page = await source.list(token);
    for (const object of page.items) {
      const read = historyOf(object);
      if (!read.ok) continue;
      nodes.push(read.history.node);
      if (read.history.node !== node) continue;
      const count = read.history.incidents.filter(
        ({ device, forgiven }) =>
          forgiven === undefined && (options.device === undefined || device === options.device),
      ).length;
      if (count > 0) return { name: object.metadata.name ?? '', count };
      const ids = [...new Set(read.history.incidents.flatMap(({ device }) => device ?? []))];
      throw new Error(
        options.device === undefined
          ? `there is nothing to forgive on ${node}`
          : `${node} has nothing to forgive of --device ${options.device}; its devices with incidents: ${ids.join(', ') || 'none'}`,
      );
    }
    token = page.next;
    if (token === '') break;
  }
  throw new WrongCall(
    `there is no history of "${node}"; name a node of kubectl get devicehistories, which has ${nodes.length}`,
  );
}
