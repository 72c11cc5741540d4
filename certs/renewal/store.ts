import type { KubeConfig, V1MutatingWebhookConfiguration, V1Secret } from '@kubernetes/client-node';
import { ApiObjects } from '../cluster/api-objects.ts';
import { serverTime } from '../cluster/server-time.ts';
import type { Kept } from './next-step.ts';

/** The Secret as it was read. */
export interface KeptSecret {
  readonly kept: Kept;
  readonly resourceVersion: string;
}

/** What the certificates program has to do with a cluster. Refusals are ApiErrors. */
export interface CertificateStore {
  /** What time the API server has. */
  now(): Promise<Date>;
  /** `undefined` when there is no such Secret. */
  read(): Promise<KeptSecret | undefined>;
  /** Writes these parts if the Secret is still of this version; what was asked for is done with it. */
  write(resourceVersion: string, kept: Kept): Promise<void>;
  /** Entry of the webhook configuration to its `caBundle`; none when there is no such configuration. */
  published(): Promise<ReadonlyMap<string, string>>;
  /**
   * Gives these entries the bundle and touches nothing else. By a patch and not by server-side apply: that would
   * own the entry itself, and whoever applies a manifest without it is refused (422, seen on 1.37.2).
   */
  publish(entries: readonly string[], bundle: string): Promise<void>;
}

export interface StoreNames {
  readonly namespace: string;
  readonly secret: string;
  readonly webhookConfiguration: string;
}

/** Asks for another authority (`authority`) or pair (`pair`) now. */
export const ROTATE = 'surefoot.dev/rotate';
const FIELD_MANAGER = 'surefoot-certs';

/** Key of the Secret to its part. The first three are what cert-manager writes, so servers mount the same. */
const KEYS = {
  certificate: 'tls.crt',
  key: 'tls.key',
  bundle: 'ca.crt',
  authorityKey: 'ca.key',
} as const;

/** Mutating webhook configurations. */
export function mutatingWebhooks(config: KubeConfig): ApiObjects<V1MutatingWebhookConfiguration> {
  return new ApiObjects(config, {
    api: 'apis/admissionregistration.k8s.io/v1',
    plural: 'mutatingwebhookconfigurations',
  });
}

/**
 * The Secret and the webhook configuration of a cluster. Both must be there: they come with the manifests, so
 * that neither may be created, and no right reaches beyond these two.
 */
export function certificateStore(config: KubeConfig, names: StoreNames): CertificateStore {
  const { namespace, secret, webhookConfiguration } = names;
  const secrets = new ApiObjects<V1Secret>(config, { api: 'api/v1', plural: 'secrets', namespace });
  const registrations = mutatingWebhooks(config);
  return {
    now: () => serverTime(config),
    async read() {
      const found = await secrets.find(secret);
      if (found === undefined) return undefined;
      const { data = {}, metadata = {} } = found;
      const textOf = (part: keyof typeof KEYS) =>
        Buffer.from(data[KEYS[part]] ?? '', 'base64').toString();
      const asked = metadata.annotations?.[ROTATE];
      return {
        resourceVersion: metadata.resourceVersion ?? '',
        kept: {
          bundle: textOf('bundle'),
          authorityKey: textOf('authorityKey'),
          certificate: textOf('certificate'),
          key: textOf('key'),
          ...(asked !== undefined && { asked }),
        },
      };
    },
    async write(resourceVersion, kept) {
      const data = Object.fromEntries(
        Object.entries(KEYS).map(([part, key]) => [
          key,
          Buffer.from(kept[part as keyof typeof KEYS]).toString('base64'),
        ]),
      );
      const annotations = kept.asked === undefined ? { annotations: { [ROTATE]: null } } : {};
      await secrets.mergePatch(secret, { metadata: { resourceVersion, ...annotations }, data });
    },
    published: async () => {
      const found = await registrations.find(webhookConfiguration);
      return new Map(
        (found?.webhooks ?? []).map(({ name, clientConfig }) => [
          name,
          Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
        ]),
      );
    },
    async publish(entries, bundle) {
      const caBundle = Buffer.from(bundle).toString('base64');
      const { webhooks = [] } = await registrations.get(webhookConfiguration);
      const operations = webhooks.flatMap(({ name }, index) =>
        entries.includes(name)
          ? [
              { op: 'test', path: `/webhooks/${index}/name`, value: name },
              { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle },
            ]
          : [],
      );
      await registrations.jsonPatch(webhookConfiguration, operations, FIELD_MANAGER);
    },
  };
}
