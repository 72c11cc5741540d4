import type { KubeConfig } from '@kubernetes/client-node';
import { certificateEndsAt } from '../../certs/cluster/certificate-end.ts';
import { namespaceOf } from '../../certs/cluster/kube-config.ts';

/** A certificate is good for weeks; each page that is open asks every few seconds. */
const FRESH_MS = 60_000;

/** Until when the webhook's certificate serves, asked for once a minute at most; `undefined` where nobody says that. */
export function certificateEnd(
  config: KubeConfig,
  nowMs: () => number = () => performance.now(),
): () => Promise<Date | undefined> {
  let readMs = Number.NEGATIVE_INFINITY;
  let end: Promise<Date | undefined> = Promise.resolve(undefined);
  return () => {
    if (nowMs() - readMs > FRESH_MS) {
      readMs = nowMs();
      end = certificateEndsAt(config, namespaceOf(config)).catch(() => undefined);
    }
    return end;
  };
}
