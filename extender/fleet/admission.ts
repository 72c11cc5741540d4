import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import jsonpatch from 'jsonpatch';
import { asksForDevices, devicesAsked } from '../../webhook/words/device.ts';
import { podOptIn } from '../../webhook/words/opt-in.ts';
import type { Pod, Toleration } from '../../webhook/words/pod.ts';
import { GPU } from './racks.ts';

/** As in manifests/base/webhook-configuration.yaml: a webhook that does not answer is left out. */
const TIMEOUT_MS = 2000;
/** What the API server itself gives every pod (admission plugin DefaultTolerationSeconds). */
const DEFAULT_TOLERATIONS: readonly Toleration[] = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

export interface AdmissionOptions {
  /** Where the webhook answers AdmissionReviews, such as `https://127.0.0.1:9443/mutate`. */
  readonly url: string;
  /** The CA that signed its certificate, PEM. */
  readonly ca: string;
  readonly onFailure: (sentence: string) => void;
}

/** The API server's part in admitting a pod: its defaults, and the webhook over HTTPS. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #agent: Agent;
  #reviews = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: options.ca, minVersion: 'TLSv1.3' });
  }

  /** The pod as it will be stored; unchanged by the webhook when that fails. */
  async admit(bare: Pod): Promise<Pod> {
    const pod = defaulted(bare);
    const isOurs = podOptIn(pod) === 'in' && asksForDevices(devicesAsked(pod, [GPU]));
    if (!isOurs) return pod;
    try {
      const patch = await this.#review(pod);
      return patch === undefined ? pod : jsonpatch.apply_patch(structuredClone(pod), patch);
    } catch (error) {
      this.#options.onFailure(
        `the webhook was left out for ${pod.metadata.name}: ${(error as Error).message}`,
      );
      return pod;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The webhook's JSON Patch, or `undefined` when it leaves the pod as it is. */
  async #review(pod: Pod): Promise<string | undefined> {
    this.#reviews += 1;
    const { namespace, name } = pod.metadata;
    const answer = await this.#post({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: `review-${this.#reviews}`,
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        operation: 'CREATE',
        namespace,
        name,
        userInfo: { username: 'system:serviceaccount:kube-system:job-controller' },
        object: pod,
        dryRun: false,
      },
    });
    const { response } = JSON.parse(answer) as { response: { patch?: string } };
    const { patch } = response;
    return patch === undefined ? undefined : Buffer.from(patch, 'base64').toString();
  }

  #post(review: object): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = request(
        this.#options.url,
        {
          method: 'POST',
          agent: this.#agent,
          timeout: TIMEOUT_MS,
          headers: { 'Content-Type': 'application/json' },
        },
        (response) => {
          text(response).then(
            (body) =>
              response.statusCode === 200
                ? resolve(body)
                : reject(new Error(`it answered ${response.statusCode}`)),
            reject,
          );
        },
      );
      call.once('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      call.once('error', reject);
      call.end(JSON.stringify(review));
    });
  }
}

/** The pod with what the API server fills in before it asks any webhook. */
function defaulted({ metadata, spec }: Pod): Pod {
  return {
    metadata,
    spec: {
      terminationGracePeriodSeconds: 30,
      ...spec,
      tolerations: [...(spec.tolerations ?? []), ...DEFAULT_TOLERATIONS],
    },
  };
}
