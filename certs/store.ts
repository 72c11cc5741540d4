import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { serverTime } from './cluster/server-time.ts';
import { unlessAbsent } from './cluster/unless-absent.ts';
import type { Kept } from './renewal.ts';

/** The Secret as it was read. */
export interface KeptSecret {
  readonly kept: Kept;
  readonly resourceVersion: string;
}

/** What the certificates program has to do with a cluster. Errors carry the HTTP status as `code`. */
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

/**
 * The Secret and the webhook configuration through the Kubernetes client. Both must be there: they come with
 * the manifests, so that neither may be created, and no right reaches beyond these two.
 */
export function certificateStore(config: KubeConfig, names: StoreNames): CertificateStore {
  const core = config.makeApiClient(CoreV1Api);
  const admission = config.makeApiClient(AdmissionregistrationV1Api);
  const { namespace, secret, webhookConfiguration } = names;
  return {
    now: () => serverTime(config),
    read: () =>
      unlessAbsent(async () => {
        const { data = {}, metadata = {} } = await core.readNamespacedSecret({
          namespace,
          name: secret,
        });
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
      }),
    async write(resourceVersion, kept) {
      const data = Object.fromEntries(
        Object.entries(KEYS).map(([part, key]) => [
          key,
          Buffer.from(kept[part as keyof typeof KEYS]).toString('base64'),
        ]),
      );
      const annotations = kept.asked === undefined ? { annotations: { [ROTATE]: null } } : {};
      await core.patchNamespacedSecret(
        { namespace, name: secret, body: { metadata: { resourceVersion, ...annotations }, data } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
    },
    published: async () => {
      const found = await unlessAbsent(() =>
        admission.readMutatingWebhookConfiguration({ name: webhookConfiguration }),
      );
      return new Map(
        (found?.webhooks ?? []).map(({ name, clientConfig }) => [
          name,
          Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
        ]),
      );
    },
    async publish(entries, bundle) {
      const caBundle = Buffer.from(bundle).toString('base64');
      const { webhooks = [] } = await admission.readMutatingWebhookConfiguration({
        name: webhookConfiguration,
      });
      const operations = webhooks.flatMap(({ name }, index) =>
        entries.includes(name)
          ? [
              { op: 'test', path: `/webhooks/${index}/name`, value: name },
              { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle },
            ]
          : [],
      );
      await admission.patchMutatingWebhookConfiguration(
        { name: webhookConfiguration, fieldManager: FIELD_MANAGER, body: operations },
        setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
      );
    },
  };
}
