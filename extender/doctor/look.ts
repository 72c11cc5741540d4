import type {
  KubeConfig,
  V1CustomResourceDefinition,
  V1Deployment,
  V1Namespace,
  V1Node,
  V1SubjectAccessReview,
} from '@kubernetes/client-node';
import { briefly, httpStatusOf } from '../../certs/cluster/api-error.ts';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { DEPLOYMENTS, NAMESPACES, NODES, PODS } from '../../certs/cluster/collections.ts';
import { leases } from '../../certs/cluster/lease-api.ts';
import { rawRequest, refusal } from '../../certs/cluster/raw-request.ts';
import { timeOf } from '../../certs/cluster/server-time.ts';
import { certificateStore } from '../../certs/renewal/store.ts';
import { readinessIn } from '../../certs/serving/readiness.ts';
import { devicesAsked } from '../../webhook/words/device.ts';
import { REGISTRATION } from '../../webhook/words/installed-names.ts';
import { INJECT } from '../../webhook/words/keys.ts';
import { isPrepared, podOptIn } from '../../webhook/words/opt-in.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { DEFAULT_SCHEDULER } from '../../webhook/words/pod-defaults.ts';
import { type DeviceProfile, devicePatterns, profileOf } from '../../webhook/words/profile.ts';
import { gatedPod } from '../facts/gated.ts';
import { DEVICE_HISTORIES } from '../storage/schema.ts';
import { runningExtenders } from './extender-pods.ts';
import { installedConfiguration } from './installed-configuration.ts';
import { NEEDED_RIGHTS, type NeededRight } from './rights.ts';
import type { ExtenderState, Looked, Seen, SeenPod } from './seen.ts';

export interface LookOptions {
  readonly namespace: string;
  /** Where the extender's health and metrics are; absent: through the API server. */
  readonly extenderAdmin?: string;
  readonly nowSeconds: number;
}

const SECRET = 'surefoot-webhook-tls';
const ADMIN_PORT = 9091;
const TIME_LIMIT_MS = 5000;

/** Looks at a cluster with the caller's rights; what may not be seen is said to be so. */
export async function look(config: KubeConfig, options: LookOptions): Promise<Seen> {
  const { namespace, nowSeconds } = options;
  const version = await rawRequest(config, 'GET', '/version');
  const serverSeconds = timeOf(version).getTime() / 1000;
  if (version.status !== 200) throw refusal(version.status, version.text);
  const { gitVersion } = JSON.parse(version.text) as { readonly gitVersion: string };
  const store = certificateStore(config, {
    namespace,
    secret: SECRET,
    webhookConfiguration: REGISTRATION,
  });
  const configuration = await looked(() => installedConfiguration(config, namespace));
  const profiles = configuration.ok ? (configuration.value?.profiles ?? []) : [];
  const patterns = devicePatterns(profiles);
  const [device = 'nvidia.com/gpu'] = patterns.filter((pattern) => !pattern.endsWith('*'));
  return {
    namespace,
    nowSeconds,
    serverSeconds,
    kubernetes: gitVersion.replace(/[-+].*/, ''),
    configuration,
    bundles: await looked(() => store.published()),
    certificates: await looked(async () => (await store.read())?.kept),
    probe: await looked(() => probed(config, device)),
    deployments: await looked(() => deploymentsIn(config, namespace)),
    leases: await looked(() => leasesIn(config, namespace)),
    definition: await looked(() => definitionIn(config)),
    nodes: await looked(async () =>
      (await new ApiObjects<V1Node>(config, NODES).list()).map(({ metadata, status }) => ({
        name: metadata?.name ?? '',
        resources: Object.keys(status?.allocatable ?? {}),
        listedImages: status?.images?.length ?? 0,
      })),
    ),
    namespaces: await looked(async () =>
      (await new ApiObjects<V1Namespace>(config, NAMESPACES).list()).map(({ metadata }) => {
        const inject = metadata?.labels?.[INJECT];
        return { name: metadata?.name ?? '', ...(inject !== undefined && { inject }) };
      }),
    ),
    pods: await looked(async () =>
      (await new ApiObjects<Pod>(config, PODS).list()).map((pod) =>
        seenPod(pod, profiles, serverSeconds),
      ),
    ),
    missingRights: await looked(() => missingRights(config, namespace)),
    extender: await looked(() => extenderState(config, options)),
  };
}

async function looked<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { ok: true, value: await look() };
  } catch (error) {
    return { ok: false, why: httpStatusOf(error) === 403 ? 'we may not (403)' : briefly(error) };
  }
}

/** A device pod that is not kept, with a profile that nobody has: whoever answers warns. */
async function probed(config: KubeConfig, device: string) {
  const { status, warnings, text } = await rawRequest(
    config,
    'POST',
    '/api/v1/namespaces/default/pods?dryRun=All',
    {
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          generateName: 'surefoot-doctor-',
          annotations: { 'surefoot.dev/profile': 'asked-by-doctor' },
        },
        spec: {
          restartPolicy: 'Never',
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65_532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'main',
              image: 'registry.example/none:1',
              resources: { limits: { [device]: '1' } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  );
  if (status === 403 && !text.includes('admission')) {
    throw refusal(status, text);
  }
  const { message = '' } = JSON.parse(text) as { message?: string };
  return { status, warnings, message };
}

async function deploymentsIn(config: KubeConfig, namespace: string) {
  const found = await new ApiObjects<V1Deployment>(config, { ...DEPLOYMENTS, namespace }).list({
    labelSelector: 'app.kubernetes.io/name=surefoot',
  });
  return new Map(
    found.map(({ metadata, spec, status }) => [
      metadata?.name ?? '',
      {
        wanted: spec?.replicas ?? 0,
        ready: status?.readyReplicas ?? 0,
        images: new Map(
          (spec?.template.spec?.containers ?? []).map(({ name, image = '' }) => [name, image]),
        ),
      },
    ]),
  );
}

async function leasesIn(config: KubeConfig, namespace: string) {
  const found = await leases(config, namespace).list();
  return new Map(
    found.map(({ metadata, spec }) => {
      const renewed = spec?.renewTime === undefined ? undefined : new Date(spec.renewTime);
      return [
        metadata.name ?? '',
        {
          holder: spec?.holderIdentity ?? '',
          ...(renewed !== undefined && { renewedAtSeconds: renewed.getTime() / 1000 }),
        },
      ];
    }),
  );
}

async function definitionIn(config: KubeConfig) {
  const { plural, group } = DEVICE_HISTORIES;
  const found = await new ApiObjects<V1CustomResourceDefinition>(config, {
    api: 'apis/apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
  }).find(`${plural}.${group}`);
  if (found === undefined) return undefined;
  const [newest] = found.spec.versions;
  const status = newest?.schema?.openAPIV3Schema?.properties?.status;
  return {
    versions: found.spec.versions.flatMap(({ name, served }) => (served ? [name] : [])),
    form: status?.properties?.form?.maximum ?? 0,
  };
}

function seenPod(pod: Pod, profiles: readonly DeviceProfile[], serverSeconds: number): SeenPod {
  const { metadata, spec, status } = pod;
  const devices = devicesAsked(pod, devicePatterns(profiles));
  const createdAt = new Date(metadata.creationTimestamp ?? 0).getTime() / 1000;
  return {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    scheduler: spec.schedulerName ?? DEFAULT_SCHEDULER,
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
    isPending: status?.phase === 'Pending' && spec.nodeName === undefined,
    isLookedAt: status?.conditions?.some(({ type }) => type === 'PodScheduled') === true,
    ageSeconds: serverSeconds - createdAt,
    optIn: podOptIn(pod),
    isPrepared: isPrepared(pod),
    hasProfile: profileOf(pod, profiles, devices) !== undefined,
    devices: devices.resources.map(({ resource }) => resource),
    ...(gatedPod(pod)?.isLastGate === true && { gatedSeconds: serverSeconds - createdAt }),
  };
}

async function missingRights(config: KubeConfig, namespace: string): Promise<readonly string[]> {
  const api = new ApiObjects<V1SubjectAccessReview>(config, {
    api: 'apis/authorization.k8s.io/v1',
    plural: 'subjectaccessreviews',
  });
  const asked = await Promise.all(
    NEEDED_RIGHTS.map(async (right) => {
      const { account, namespaced, ...resourceAttributes } = right;
      const { status } = await api.create({
        spec: {
          user: `system:serviceaccount:${namespace}:${account}`,
          resourceAttributes: { ...resourceAttributes, ...(namespaced && { namespace }) },
        },
      });
      return status?.allowed === true ? [] : [inWords(right)];
    }),
  );
  return asked.flat();
}

function inWords({ account, verb, group, resource, name }: NeededRight): string {
  const of = group === '' ? resource : `${resource}.${group}`;
  return `${account} may not ${verb} ${of}${name === undefined ? '' : ` ${name}`}`;
}

const READYZ = '/readyz?output=json';

async function extenderState(
  config: KubeConfig,
  { namespace, extenderAdmin }: LookOptions,
): Promise<ExtenderState> {
  if (extenderAdmin !== undefined) {
    const at = (path: string) =>
      fetch(`http://${extenderAdmin}${path}`, { signal: AbortSignal.timeout(TIME_LIMIT_MS) });
    const ready = await at(READYZ);
    const metrics = await (await at('/metrics')).text();
    return { readiness: readinessIn(await ready.text()), metrics };
  }
  const [pod] = await runningExtenders(config, namespace);
  if (pod === undefined) throw new Error('no pod of it runs');
  const base = `/api/v1/namespaces/${namespace}/pods/${pod}:${ADMIN_PORT}/proxy`;
  const ask = async (path: string) => {
    const { status, text } = await rawRequest(config, 'GET', `${base}${path}`);
    // What the API server itself has to say: we may not, or it does not reach the pod.
    if (/"kind":\s*"Status"/.test(text)) throw refusal(status, text);
    return text;
  };
  return { readiness: readinessIn(await ask(READYZ)), metrics: await ask('/metrics') };
}
