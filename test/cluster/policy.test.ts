import { AdmissionregistrationV1Api } from '@kubernetes/client-node';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { grace } from '../../webhook/rules/grace.ts';
import { tolerations } from '../../webhook/rules/tolerations.ts';
import { devicesAsked } from '../../webhook/words/device.ts';
import { INJECT, MANAGED } from '../../webhook/words/keys.ts';
import type { Container, Pod } from '../../webhook/words/pod.ts';
import {
  type DeviceProfile,
  devicePatterns,
  profileOf,
  profilesSchema,
} from '../../webhook/words/profile.ts';
import { applyStrictly } from '../fake/strict-patch.ts';
import { anyPod } from '../make/any-object.ts';
import { makePod } from '../make/pod.ts';
import { eventually } from './eventually.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';

/** Only what a policy can do: tolerations and grace. */
const PROFILES = `apiVersion: config.surefoot.dev/v1alpha1
kind: Profiles
profiles:
  - name: all
    devices: [nvidia.com/gpu, nvidia.com/gpu.shared, nvidia.com/mig-*]
    tolerations:
      - { key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }
      - { key: sku, operator: Equal, value: gpu, effect: NoSchedule }
      - { key: example.com/flaky, effect: NoExecute, tolerationSeconds: 120 }
    grace: { minimum: 2m }
  - name: amd
    devices: [amd.com/gpu]
    tolerations:
      - { key: amd.com/gpu, operator: Exists, effect: NoSchedule }
  - name: tpu
    devices: [google.com/tpu]
`;
const OURS = 'team';
const FOREIGN = 'kube-system';

/** MutatingAdmissionPolicy is served in v1 from 1.36 on. */
const isServed = process.env.SUREFOOT_KUBERNETES !== '1.35';
const used = useBed({ count: 2, gpus: 8, mode: 'act', profiles: PROFILES });
const parsed = parseStrictYaml('profiles.yaml', PROFILES, profilesSchema);
if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
const { profiles } = parsed.value;
let raw: RawClient;

beforeAll(async () => {
  raw = await RawClient.for(used.bed);
  await used.hand.core.createNamespace({
    body: { metadata: { name: OURS, labels: { [INJECT]: 'enabled' } } },
  });
  const api = used.bed.admin.makeApiClient(AdmissionregistrationV1Api);
  await api.deleteMutatingWebhookConfiguration({ name: 'zz-surefoot' });
  if (!isServed) return;
  await used.bed.surefoot.registerPolicies();
  // The API server compiles them a moment later, and not all of them at once.
  await eventually('the policies to be at work', async () => {
    const prepared = await Promise.all(onePodForEachPolicy().map(isPrepared));
    return prepared.every((one) => one);
  });
});

/** For each profile a pod that its namespace opts in, and one that names it. */
function onePodForEachPolicy(): readonly Pod[] {
  return profiles.flatMap(({ name, devices: [device = ''] }) => {
    const container = { resources: { requests: { [device]: '1' }, limits: { [device]: '1' } } };
    const annotations = { 'surefoot.dev/profile': name };
    return [
      makePod({ metadata: { namespace: OURS }, container }),
      makePod({ metadata: { namespace: 'default', annotations }, container }),
    ];
  });
}

async function isPrepared(pod: Pod): Promise<boolean> {
  const { body } = await raw.create('pods', pod.metadata.namespace ?? '', pod, { dryRun: true });
  return body.metadata?.labels?.[MANAGED] === 'true';
}

/** The part of the webhook's work that a policy does, on what the API server shows it. */
function expected(pod: Pod): Pod {
  const { labels = {}, annotations = {} } = pod.metadata;
  if (annotations[INJECT] === 'false') return pod;
  if (labels[MANAGED] === 'true' && annotations['surefoot.dev/injected'] !== undefined) return pod;
  const profile = profileOf(pod, profiles, devicesAsked(pod, devicePatterns(profiles)));
  if (profile === undefined) return pod;
  const stretches = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(isStretched);
  const rules = stretches ? [tolerations] : [tolerations, grace];
  const operations = rules.flatMap((rule) =>
    rule(pod, profile as DeviceProfile).injections.flatMap((injection) => injection.operations),
  );
  return {
    ...applyStrictly(pod, operations),
    metadata: { ...pod.metadata, labels: { ...labels, [MANAGED]: 'true' } },
  };
}

function isStretched({ livenessProbe, startupProbe }: Container): boolean {
  return [livenessProbe, startupProbe].some(
    (probe) => probe != null && probe.terminationGracePeriodSeconds == null,
  );
}

function comparable({ metadata: { labels }, spec }: Pod): object {
  const text = JSON.stringify({ labels: labels ?? {}, spec });
  return JSON.parse(text.replace(/kube-api-access-\w+/g, 'X'));
}

if (!isServed) {
  test('before 1.36 the policies are refused, and nothing else happens', async () => {
    await expect(used.bed.surefoot.registerPolicies()).rejects.toThrow(
      'Unrecognized API version and kind',
    );
  });
} else {
  describe('the MutatingAdmissionPolicy made from the same profiles (hazard 37)', () => {
    test('does to 200 pods what the webhook’s rules for tolerations and grace do', async () => {
      let taken = 0;
      let prepared = 0;
      for (const pod of fc.sample(anyPod, { numRuns: 200, seed: 7 })) {
        const without = await raw.create('pods', FOREIGN, pod, { dryRun: true });
        if (without.status !== 201) continue;
        const after = await raw.create('pods', OURS, pod, { dryRun: true });
        expect(after.status, JSON.stringify(after.body)).toBe(201);
        const want = expected(without.body);
        expect(comparable(after.body), JSON.stringify(pod)).toEqual(comparable(want));
        taken += 1;
        if (want !== without.body) prepared += 1;
      }
      expect(taken).toBeGreaterThan(100);
      expect(prepared).toBeGreaterThan(30);
    });

    test('a pod that names a profile is prepared in any namespace, and a prepared one never twice', async () => {
      const annotations = { 'surefoot.dev/profile': 'all' };
      const pod = makePod({ metadata: { namespace: 'default', annotations } });
      const once = await raw.create('pods', 'default', pod, { dryRun: true });
      expect(once.body.spec.terminationGracePeriodSeconds).toBe(120);
      const { metadata, spec } = once.body;
      const twice = await raw.create(
        'pods',
        'default',
        {
          metadata: { name: 'again', labels: metadata.labels, annotations: metadata.annotations },
          spec,
        },
        { dryRun: true },
      );
      expect(twice.body.spec.tolerations).toEqual(spec.tolerations);
      const unnamed = await raw.create(
        'pods',
        'default',
        makePod({ metadata: { namespace: 'default' } }),
        {
          dryRun: true,
        },
      );
      expect(unnamed.body.metadata.labels?.[MANAGED]).toBeUndefined();
    });
  });
}
