import { httpStatusOf } from '../../../certs/cluster/api-error.ts';
import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import type { HostHistory } from '../../history/host-history.ts';
import { deviceHistories } from '../../storage/api.ts';
import { historyOf } from '../../storage/decode.ts';
import { complain } from '../terminal/print.ts';

/** The histories that stand in DeviceHistory objects. What cannot be read is said on standard error, and left out. */
export async function storedHistories(options: ApiOptions): Promise<readonly HostHistory[]> {
  const histories: HostHistory[] = [];
  await deviceHistories(loadKubeConfig(options))
    .each({}, (object) => {
      const read = historyOf(object);
      if (read.ok) histories.push(read.history);
      else complain(read.problem);
    })
    .catch((error: unknown) => {
      if (httpStatusOf(error) !== 404) throw error;
      throw new Error(
        'the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: kubectl apply --server-side -k manifests/default',
        { cause: error },
      );
    });
  return histories;
}
