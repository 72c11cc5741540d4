import { httpStatusOf } from '../../../certs/cluster/api-error.ts';
import { loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import type { HostHistory } from '../../history/host-history.ts';
import type { ShownHistories } from '../../page/shapes.ts';
import { storedReleases } from '../../release/release-store.ts';
import type { Release } from '../../release/releases.ts';
import { storedPlacements } from '../../savings/placement-days.ts';
import type { PlacementDay } from '../../savings/placement-sums.ts';
import { deviceHistories } from '../../storage/api.ts';
import { historyOf } from '../../storage/decode.ts';
import type { DeviceHistory } from '../../storage/schema.ts';
import { complain } from '../terminal/print.ts';
import { answerAt, type PageOptions, SYSTEM_NAMESPACE } from './extender-pages.ts';

export interface StoredHistories {
  /** Now: the extender's time, where its page was asked. */
  readonly nowSeconds: number;
  /** What the cluster is called, where its page was asked and that is said. */
  readonly cluster?: string;
  readonly histories: readonly HostHistory[];
  /** What placements came to, day by day. */
  readonly placements: readonly PlacementDay[];
  /** What was released; only the cluster knows. */
  readonly releases: readonly Release[];
}

/**
 * The histories of all hosts: those that stand in DeviceHistory objects, or with `--page` what that extender has. What
 * cannot be read is said on standard error, and left out.
 */
export async function storedHistories(options: PageOptions): Promise<StoredHistories> {
  const histories: HostHistory[] = [];
  function take(object: DeviceHistory): void {
    const read = historyOf(object);
    if (read.ok) histories.push(read.history);
    else complain(read.problem);
  }
  if (options.page !== undefined) {
    const answer = await answerAt<ShownHistories>(options.page, 'histories');
    for (const { name, status } of answer.histories ?? []) {
      take({ apiVersion: '', kind: 'DeviceHistory', metadata: { name }, status });
    }
    return {
      nowSeconds: Date.parse(answer.at ?? '') / 1000,
      ...(answer.cluster !== undefined && { cluster: answer.cluster }),
      histories,
      // An extender of an earlier version has none.
      placements: answer.placements ?? [],
      releases: [],
    };
  }
  const config = loadKubeConfig(options);
  const { systemNamespace = SYSTEM_NAMESPACE } = options;
  await eachHistory(deviceHistories(config), take);
  const unlessForbidden = <T>(what: string, reading: Promise<readonly T[]>) =>
    reading.catch((error: unknown): readonly T[] => {
      if (httpStatusOf(error) !== 403) throw error;
      complain(
        `${what} is left out: ${String((error as Error).message)}; the role surefoot-viewer in ${systemNamespace} has the right`,
      );
      return [];
    });
  const [placements, releases] = await Promise.all([
    unlessForbidden('what placement came to', storedPlacements(config, systemNamespace)),
    unlessForbidden('what was released', storedReleases(config, systemNamespace)),
  ]);
  return { nowSeconds: Date.now() / 1000, histories, placements, releases };
}

/** Reads all objects of the kind. Throws a sentence with the way out where there is no such kind. */
export async function eachHistory(
  api: ReturnType<typeof deviceHistories>,
  take: (object: DeviceHistory) => void,
): Promise<void> {
  await api.each({}, take).catch((error: unknown) => {
    if (httpStatusOf(error) !== 404) throw error;
    throw new Error(
      'the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: kubectl apply --server-side -k manifests/default',
      { cause: error },
    );
  });
}
