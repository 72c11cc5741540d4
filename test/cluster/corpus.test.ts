import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { type Admission, decide, decideJob } from '../../webhook/admission/decide.ts';
import { patchFor } from '../../webhook/admission/patch.ts';
import type { Job } from '../../webhook/words/job.ts';
import { INJECT } from '../../webhook/words/keys.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { profilesSchema } from '../../webhook/words/profile.ts';
import { applyStrictly } from '../fake/strict-patch.ts';
import { anyJob, anyPod } from '../make/any-object.ts';
import { FULL_PROFILES } from '../make/full-profiles.ts';
import { sample } from '../samples.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';

/** Namespaces: one where Surefoot acts, one where it has nothing to do whatever a pod says. */
const OURS = 'team';
const FOREIGN = 'kube-system';
const SEED = 20_261_125;

const used = useBed({ count: 2, gpus: 8, mode: 'act', profiles: FULL_PROFILES });
const parsed = parseStrictYaml('profiles.yaml', FULL_PROFILES, profilesSchema);
if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
const { profiles } = parsed.value;

let raw: RawClient;
beforeAll(async () => {
  raw = await RawClient.for(used.bed);
  await used.hand.core.createNamespace({
    body: { metadata: { name: OURS, labels: { [INJECT]: 'enabled' } } },
  });
});

interface Pair<T> {
  readonly sent: T;
  readonly without: T;
  readonly after: T;
}

/** What the API server makes of each object without us and with us, of those it takes without. */
async function pairs<T extends Pod | Job>(
  resource: 'pods' | 'jobs',
  objects: readonly T[],
): Promise<readonly Pair<T>[]> {
  const taken: Pair<T>[] = [];
  for (const object of objects) {
    const without = await raw.create(resource, FOREIGN, object, { dryRun: true });
    if (without.status !== 201) continue;
    const after = await raw.create(resource, OURS, object, { dryRun: true });
    expect(after.status, `${JSON.stringify(object)}\n${JSON.stringify(after.body)}`).toBe(201);
    taken.push({ sent: object, without: without.body, after: after.body });
  }
  return taken;
}

/** What the webhook would do, reckoned here from what the API server shows it. */
function expected<T extends Pod | Job>(object: T, admission: Admission): T {
  const operations = patchFor(object, admission);
  return 'code' in operations ? object : applyStrictly(object, operations);
}

/**
 * A Job without labels shares its template's map of them until something patches it, so that the labels
 * which the API server then adds to the template show on the Job too (SetDefaults_Job, seen on
 * 1.37.2). Any patch of any webhook ends that; the template keeps them.
 */
const SHARED_BY_ACCIDENT = /^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/;

/** Without what differs by chance: a Job's selector carries its uid, a pod's token volume a name. */
function comparable({ metadata, spec }: Pod | Job): object {
  const labels = Object.fromEntries(
    Object.entries(metadata.labels ?? {}).filter(([key]) => !SHARED_BY_ACCIDENT.test(key)),
  );
  const { annotations } = metadata;
  const text = JSON.stringify({ labels, annotations, spec });
  return JSON.parse(
    text.replace(/kube-api-access-\w+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'X'),
  );
}

/** A prepared pod does not reach the webhook again; one that carries our marks already never does. */
function isMarked({ metadata: { labels, annotations } }: Pod): boolean {
  return (
    labels?.['surefoot.dev/managed'] === 'true' &&
    annotations?.['surefoot.dev/injected'] !== undefined
  );
}

describe('what the real API server takes without us it takes with us, and every field arrives (hazards 1, 4, 6, 31)', () => {
  test('200 pods', async () => {
    const taken = await pairs('pods', fc.sample(anyPod, { numRuns: 200, seed: SEED }));
    let prepared = 0;
    for (const { sent, without, after } of taken) {
      // A slot is one of its namespace, and a name that the API server makes comes after us.
      const { name: _generated, ...metadata } = { ...without.metadata, namespace: OURS };
      const { name } = sent.metadata;
      const ours = { ...without, metadata: { ...metadata, ...(name && { name }) } };
      const want = isMarked(without) ? without : expected(without, decide(ours, profiles, 'act'));
      expect(comparable(after)).toEqual(comparable(want));
      if (want !== without && want.metadata.labels !== without.metadata.labels) prepared += 1;
    }
    expect(taken.length).toBeGreaterThan(100);
    expect(prepared).toBeGreaterThan(30);
  });

  test('200 Jobs', async () => {
    const taken = await pairs('jobs', fc.sample(anyJob, { numRuns: 200, seed: SEED }));
    let prepared = 0;
    for (const { without, after } of taken) {
      const want = expected(without, decideJob(without, profiles, 'act'));
      expect(comparable(after)).toEqual(comparable(want));
      if (want !== without) prepared += 1;
    }
    expect(taken.length).toBeGreaterThan(100);
    expect(prepared).toBeGreaterThan(10);
  });

  test('nothing was stored, and no condition failed on the way (hazards 6, 33)', async () => {
    expect(await used.hand.pods()).toEqual([]);
    const { items } = await used.hand.core.listNamespacedPod({ namespace: OURS });
    expect(items).toEqual([]);
    const metrics = await raw.metrics();
    expect(sample(metrics, 'apiserver_admission_match_condition_evaluation_errors_total')).toBe(0);
    expect(sample(metrics, 'apiserver_admission_webhook_fail_open_count')).toBe(0);
  });
});
