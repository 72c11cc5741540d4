import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { certsMetrics } from '../../../certs/main.ts';
import { configurationMetrics } from '../../../certs/serving/service-metrics.ts';
import { manifestText } from '../../../extender/commands/actions/manifests.ts';
import { gateMetrics } from '../../../extender/gates/metrics.ts';
import { extenderMetrics } from '../../../extender/metrics.ts';
import { releaseMetrics } from '../../../extender/release/metrics.ts';
import { generatedFiles } from '../../../manifests/generated.ts';
import { admissionMetrics } from '../../../webhook/metrics.ts';
import { directoryWith } from '../../fake/directory.ts';
import { Program } from '../../fake/program.ts';

const SHIPPED = 'manifests/base/config';
const SERVICE = 'surefoot-system/surefoot-webhook';

interface Entry {
  readonly name: string;
  readonly clientConfig: { readonly url?: string; readonly service?: { readonly path: string } };
  readonly rules: readonly { readonly operations: readonly string[]; resources: string[] }[];
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  readonly failurePolicy: string;
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
}

async function registration(
  options = {},
): Promise<{ metadata: { name: string }; webhooks: Entry[] }> {
  return parse(await manifestText('webhook', { config: SHIPPED, service: SERVICE, ...options }));
}

/** A directory with one profile that has these keys. */
function profilesOf(keys: string): Promise<string> {
  return directoryWith({
    'profiles.yaml': `apiVersion: config.surefoot.dev/v1alpha1\nkind: Profiles\nprofiles: [{ name: one, ${keys} }]\n`,
  });
}

async function managedResources(config: string, options = {}): Promise<string[] | undefined> {
  const text = await manifestText('scheduler', { config, service: SERVICE, ...options });
  const [extender] = parse(text).extenders;
  return extender.managedResources?.map(({ name }: { name: string }) => name);
}

describe('surefoot manifests', () => {
  test('what is made is in the repository, byte for byte', async () => {
    for (const [path, text] of await generatedFiles()) {
      expect(
        await readFile(join('manifests', path), 'utf8'),
        `${path}: run npm run manifests`,
      ).toBe(text);
    }
  });

  test('each way in has an entry for pods and one for Jobs, on creation only, failing open', async () => {
    const { metadata, webhooks } = await registration();
    expect(metadata.name).toBe('zz-surefoot');
    expect(webhooks.map(({ name }) => name)).toEqual([
      'namespace-pods.surefoot.dev',
      'namespace-jobs.surefoot.dev',
      'observe-pods.surefoot.dev',
      'observe-jobs.surefoot.dev',
      'annotation-pods.surefoot.dev',
      'annotation-jobs.surefoot.dev',
    ]);
    for (const {
      name,
      failurePolicy,
      sideEffects,
      timeoutSeconds,
      rules,
      clientConfig,
    } of webhooks) {
      expect({ failurePolicy, sideEffects, timeoutSeconds }).toEqual({
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        timeoutSeconds: 2,
      });
      expect(rules.map(({ operations }) => operations)).toEqual([['CREATE']]);
      expect(clientConfig.service?.path).toBe(
        name.startsWith('observe') ? '/mutate/observe' : '/mutate',
      );
    }
  });

  test('a device that profiles.yaml gains is asked for', async () => {
    const directory = await directoryWith({
      'profiles.yaml':
        'apiVersion: config.surefoot.dev/v1alpha1\nkind: Profiles\nprofiles: [{ name: fpga, devices: [xilinx.com/fpga-*, example.com/npu] }]\n',
    });
    const { webhooks } = await registration({ config: directory });
    for (const { matchConditions } of webhooks) {
      const asks = matchConditions.find(({ name }) => name === 'asks-for-a-device')?.expression;
      expect(asks).toContain("k in ['example.com/npu'] || k.startsWith('xilinx.com/fpga-')");
    }
  });

  test('a URL and a CA take the place of the Service', async () => {
    const directory = await directoryWith({ 'ca.crt': 'PEM' });
    const { webhooks } = await registration({
      url: 'https://127.0.0.1:9443/',
      caFile: join(directory, 'ca.crt'),
    });
    expect(webhooks[0]?.clientConfig).toEqual({
      url: 'https://127.0.0.1:9443/mutate',
      caBundle: 'UEVN',
    });
  });

  test('each profile with devices has two policies, each with its binding', async () => {
    const text = await manifestText('policy', { config: SHIPPED, service: SERVICE });
    const objects = parseAllDocuments(text).map((document) => document.toJS());
    expect(objects).toHaveLength(5 * 2 * 2);
    const policies = objects.filter(({ kind }) => kind === 'MutatingAdmissionPolicy');
    const bound = objects
      .filter(({ kind }) => kind === 'MutatingAdmissionPolicyBinding')
      .map(({ spec }) => spec.policyName);
    expect(bound).toEqual(policies.map(({ metadata }) => metadata.name));
  });

  describe('scheduler', () => {
    test('pods are known by the exact names that the patterns stand for', async () => {
      const names = await managedResources(
        await profilesOf('devices: [example.com/npu, nvidia.com/mig-1g.24gb*]'),
      );
      expect(names).toEqual([
        'example.com/npu',
        'nvidia.com/mig-1g.24gb',
        'nvidia.com/mig-1g.24gb.shared',
        'nvidia.com/mig-1g.24gb.gfx',
        'nvidia.com/mig-1g.24gb.gfx.shared',
        'nvidia.com/mig-1g.24gb.me',
        'nvidia.com/mig-1g.24gb.me.shared',
        'nvidia.com/mig-1g.24gb.me.all',
        'nvidia.com/mig-1g.24gb.me.all.shared',
        'nvidia.com/mig-1g.24gb-me',
        'nvidia.com/mig-1g.24gb-me.shared',
      ]);
    });

    test('a pattern is named by hand where nothing is known of it', async () => {
      const config = await profilesOf('devices: [xilinx.com/fpga-*]');
      await expect(managedResources(config)).rejects.toThrow(
        'profiles.yaml: which resources xilinx.com/fpga-* stands for is not known here, and a scheduler takes exact names; name each with --resource, or let it ask for every pod with --every-pod',
      );
      expect(await managedResources(config, { resource: ['xilinx.com/fpga-u250'] })).toEqual([
        'xilinx.com/fpga-u250',
      ]);
      expect(await managedResources(config, { everyPod: true })).toBeUndefined();
    });

    test('every pod is asked about where a profile is for resource claims', async () => {
      const config = await profilesOf('devices: [nvidia.com/gpu], resourceClaims: true');
      expect(await managedResources(config)).toBeUndefined();
    });
  });

  test.each([
    {
      args: ['scheduler', `--config=${SHIPPED}`, '--resource=nvidia.com/mig-*'],
      says: '--resource: "nvidia.com/mig-*" is no extended resource; write its exact name, such as example.com/npu\n',
    },
    {
      args: ['webhook', '--config=/nowhere'],
      says: '/nowhere/profiles.yaml: cannot be read (ENOENT); --config names the directory that holds it, as manifests/base/config does\n',
    },
    {
      args: ['webhook', '--config=manifests/base/config', '--service=surefoot'],
      says: '--service: "surefoot" is not NAMESPACE/NAME, such as surefoot-system/surefoot-webhook\n',
    },
    {
      args: ['webhook', '--config=manifests/base/config', '--ca-file=/nowhere'],
      says: '--ca-file: /nowhere cannot be read (ENOENT); name the ca.crt that surefoot certs has made\n',
    },
  ])('$args is a wrong call', async ({ args, says }) => {
    const { status, errors } = await new Program(['manifests', ...args]).ended();
    expect(errors).toBe(says);
    expect(status).toBe(2);
  });
});

describe('what is watched over (hazard 39)', () => {
  test('alerts and dashboard name metrics and labels that our programs have', async () => {
    const registries = [new Registry(), new Registry()];
    const [webhook, extender] = registries as [Registry, Registry];
    admissionMetrics(webhook);
    const metrics = extenderMetrics(extender);
    metrics.countHistory({ isLeader: () => true, unwritten: () => 0, unmapped: () => 0 });
    metrics.countUnmarked(() => 0);
    metrics.countUnprepared(() => 0);
    metrics.countPastGrace(() => 0);
    releaseMetrics(webhook, { held: () => 0, isSuspended: () => false, leads: () => true });
    const none = () => 0;
    const gates = { waiting: none, oldestSeconds: none, heldDeviceSeconds: none };
    gateMetrics(extender, { ...gates, canLift: () => true });
    for (const registry of registries) configurationMetrics(registry, () => LOADED);
    certsMetrics(extender, () => undefined);
    const known = new Set(
      registries.flatMap((registry) => registry.getMetricsAsArray().map(({ name }) => name)),
    );
    for (const file of ['rules.yaml', 'surefoot.json']) {
      const text = await readFile(join('manifests/components/prometheus', file), 'utf8');
      const named = [...text.matchAll(/surefoot_[a-z_]+/g)].map(([name]) =>
        name.replace(/_bucket$/, ''),
      );
      expect(named.length, file).toBeGreaterThan(8);
      for (const name of named) expect(known, `${name} in ${file}`).toContain(name);
    }
  });
});

const LOADED = { fingerprint: '', problems: [], loadedAt: new Date() };
