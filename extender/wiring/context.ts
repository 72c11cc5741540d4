import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { loadKubeConfig } from '../../certs/cluster/kube-config.ts';
import { replicaIdentity } from '../../certs/cluster/lease.ts';
import { LastGood } from '../../certs/serving/last-good.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { configurationMetrics, serviceRegistry } from '../../certs/serving/service-metrics.ts';
import { surefootVersion } from '../../certs/serving/version.ts';
import { type ExtenderMetrics, extenderMetrics } from '../metrics.ts';
import { type ExtenderSettings, extenderDirectory } from '../settings.ts';
import { builtInCatalogue } from '../signals/built-in-catalogue.ts';
import { type Catalogue, catalogueOf } from '../signals/catalogue.ts';
import type { ExtenderOptions } from './options.ts';

/** What every part of the program is made with. */
export interface Context {
  readonly config: LastGood<ReadonlyMap<string, string>, ExtenderSettings>;
  /** The built-in rows and those of the configuration in force. */
  readonly catalogue: () => Catalogue;
  readonly kubeConfig: KubeConfig;
  /** Unique among replicas. */
  readonly identity: string;
  readonly registry: Registry;
  readonly metrics: ExtenderMetrics;
  readonly nowSeconds: () => number;
  /** Of Surefoot. */
  readonly version: string;
  readonly log: Logger;
}

/** Reads configuration and kubeconfig. Throws WrongCall when either is no good. */
export async function loadContext(options: ExtenderOptions): Promise<Context> {
  const { log = programLog('extender'), nowSeconds = wallSeconds } = options;
  const kubeConfig = loadKubeConfig(options);
  const config = await LastGood.loadForStart({
    ...extenderDirectory(options.config),
    onProblem: (problems) =>
      log.error({ problems }, 'configuration broken; the last good one stays'),
  });
  config.subscribe(() => log.info('configuration changed'));
  const registry = serviceRegistry('extender', config.value.cluster);
  configurationMetrics(registry, () => config);
  return {
    config,
    catalogue: catalogueInForce(config),
    kubeConfig,
    identity: replicaIdentity(),
    registry,
    metrics: extenderMetrics(registry),
    nowSeconds,
    version: surefootVersion(),
    log,
  };
}

/** Made once for each configuration. */
export function catalogueInForce(config: {
  readonly value: Pick<ExtenderSettings, 'extender'>;
}): () => Catalogue {
  const builtIn = builtInCatalogue();
  let of = config.value;
  let catalogue = catalogueOf(builtIn, of.extender.catalogue);
  return () => {
    if (of !== config.value) {
      of = config.value;
      catalogue = catalogueOf(builtIn, of.extender.catalogue);
    }
    return catalogue;
  };
}

function wallSeconds(): number {
  return Date.now() / 1000;
}
