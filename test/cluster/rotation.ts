import { X509Certificate } from 'node:crypto';
import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { certificatesIn, trusts } from '../../certs/renewal/trust.ts';
import type { Bed } from './bed.ts';
import { eventually } from './eventually.ts';

const AS_MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const SECRET = { namespace: 'surefoot-system', name: 'surefoot-webhook-tls' };
const CONFIGURATION = 'zz-surefoot';

/** The kept certificates and what is published of them. */
export class Rotation {
  readonly #core: CoreV1Api;
  readonly #admission: AdmissionregistrationV1Api;

  constructor(bed: Bed) {
    this.#core = bed.admin.makeApiClient(CoreV1Api);
    this.#admission = bed.admin.makeApiClient(AdmissionregistrationV1Api);
  }

  /** A part of the Secret as text. */
  async kept(key: 'ca.crt' | 'tls.crt'): Promise<string> {
    const { data = {} } = await this.#core.readNamespacedSecret(SECRET);
    return Buffer.from(data[key] ?? '', 'base64').toString();
  }

  /** The bundle of each entry. */
  async published(): Promise<readonly string[]> {
    const { webhooks = [] } = await this.#admission.readMutatingWebhookConfiguration({
      name: CONFIGURATION,
    });
    return webhooks.map(({ clientConfig }) =>
      Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
    );
  }

  /** Every entry trusts the one authority that is kept, and that has signed the pair that is kept. */
  async isSettled(): Promise<boolean> {
    const [authority, ...older] = certificatesIn(await this.kept('ca.crt'));
    if (authority === undefined || older.length > 0) return false;
    const pair = new X509Certificate(await this.kept('tls.crt'));
    const bundles = await this.published();
    return (
      pair.verify(authority.publicKey) &&
      bundles.every((bundle) => certificatesIn(bundle).length === 1 && trusts(bundle, authority))
    );
  }

  /** Asks for another one and waits until nothing of the old one is left. */
  async rotate(what: 'authority' | 'pair'): Promise<void> {
    const key = what === 'authority' ? 'ca.crt' : 'tls.crt';
    const before = await this.kept(key);
    await this.patchSecret({ metadata: { annotations: { 'surefoot.dev/rotate': what } } });
    await eventually(
      `another ${what}, and it alone`,
      async () => (await this.kept(key)) !== before && (await this.isSettled()),
      { timeoutSeconds: 90 },
    );
  }

  async patchSecret(body: object): Promise<void> {
    await this.#core.patchNamespacedSecret({ ...SECRET, body }, AS_MERGE_PATCH);
  }

  /** As `kubectl replace` of a manifest without a CA does. */
  async wipeBundles(): Promise<void> {
    const body = await this.#admission.readMutatingWebhookConfiguration({ name: CONFIGURATION });
    for (const { clientConfig } of body.webhooks ?? []) delete clientConfig.caBundle;
    await this.#admission.replaceMutatingWebhookConfiguration({ name: CONFIGURATION, body });
  }
}
