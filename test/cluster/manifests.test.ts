import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { releaseSchema } from '../../extender/release/settings.ts';
import { extenderSchema } from '../../extender/settings.ts';
import { webhookSchema } from '../../webhook/settings.ts';
import { installationSchema } from '../../webhook/words/installation.ts';
import { profilesSchema } from '../../webhook/words/profile.ts';
import { keyOf, objectsIn, type Rendered, Renderers } from './render.ts';

let renderers: Renderers;
beforeAll(async () => {
  renderers = await Renderers.ready();
});

/** What only one of the two writes: Helm's own marks, and how either restarts a scheduler of another file. */
const MARKS = [
  'app.kubernetes.io/managed-by',
  'helm.sh/chart',
  'helm.sh/resource-policy',
  'surefoot.dev/scheduler-config',
];
const NAME_WITH_HASH = /^(surefoot-scheduler-config)-[a-z0-9]{10}$/;

/** Files of ConfigMaps mean what their schemas read. */
const FILES: Readonly<Record<string, (text: string) => unknown>> = {
  'surefoot.yaml': (text) => parseStrictYaml('surefoot.yaml', text, installationSchema),
  'profiles.yaml': (text) => parseStrictYaml('profiles.yaml', text, profilesSchema),
  'webhook.yaml': (text) => parseStrictYaml('webhook.yaml', text, webhookSchema),
  'extender.yaml': (text) => parseStrictYaml('extender.yaml', text, extenderSchema),
  'release.yaml': (text) => parseStrictYaml('release.yaml', text, releaseSchema),
  'scheduler.yaml': parse,
};

/** Rendered objects by their keys, without what may differ: order of named lists, comments, marks. */
function comparable(text: string): Readonly<Record<string, unknown>> {
  // Helm makes the namespace itself.
  const objects = objectsIn(text).filter(({ kind }) => kind !== 'Namespace');
  return Object.fromEntries(
    objects.map((object) => {
      const same = plain(object) as Rendered;
      return [keyOf(same), same];
    }),
  );
}

function plain(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item));
    return key === 'containers' || key === 'volumes' ? items.toSorted(byName) : items;
  }
  if (typeof value === 'string') {
    return key === 'name' ? value.replace(NAME_WITH_HASH, '$1') : (FILES[key]?.(value) ?? value);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, of]) => !MARKS.includes(name) && !isDefault(name, of))
      .map(([name, of]) => [name, plain(of, name)] as const)
      .filter(([name, of]) => !(name === 'annotations' && Object.keys(of as object).length === 0)),
  );
}

function isDefault(name: string, value: unknown): boolean {
  return name === 'imagePullPolicy' && value === 'IfNotPresent';
}

function byName(one: unknown, other: unknown): number {
  return (one as Rendered['metadata']).name.localeCompare((other as Rendered['metadata']).name);
}

const RENDERINGS = [
  {
    name: 'with Prometheus',
    components: ['prometheus'],
    set: ['podMonitor', 'rules', 'dashboard'].map((what) => `prometheus.${what}.enabled=true`),
  },
  { name: 'as shipped', components: [], set: [] },
  { name: 'acting', components: ['act'], set: ['mode=act'] },
  {
    name: 'highly available',
    components: ['high-availability'],
    set: ['highAvailability.enabled=true'],
  },
  {
    name: 'waiting for homes',
    components: ['wait-for-home'],
    set: ['waitForHome.enabled=true'],
  },
  { name: 'releasing', components: ['release'], set: ['release.enabled=true'] },
  { name: 'with cert-manager', components: ['cert-manager'], set: ['certManager.enabled=true'] },
];

describe('the chart and the kustomize base', () => {
  test.each(RENDERINGS)('are the same: $name', async ({ components, set }) => {
    const kustomized = await renderers.kustomize('default', components);
    expect(comparable(await renderers.helm(set))).toEqual(comparable(kustomized));
  });

  test('are the same: by hints, without a scheduler of our own', async () => {
    const kustomized = await renderers.kustomize('base', ['hints']);
    expect(
      comparable(await renderers.helm(['scheduler.enabled=false', 'hints.enabled=true'])),
    ).toEqual(comparable(kustomized));
  });

  test('without a scheduler of our own the chart is the base', async () => {
    const kustomized = await renderers.kustomize('base');
    expect(comparable(await renderers.helm(['scheduler.enabled=false']))).toEqual(
      comparable(kustomized),
    );
  });

  test('are rendered the same twice, byte for byte, and hold no CA', async () => {
    for (const render of [() => renderers.kustomize('default'), () => renderers.helm()]) {
      const text = await render();
      expect(await render()).toBe(text);
      expect(text).not.toMatch(/caBundle|BEGIN CERTIFICATE/);
    }
  });
});

describe('the chart', () => {
  test('is one that Helm finds nothing wrong with', async () => {
    expect(await renderers.lint()).toMatch('0 chart(s) failed');
  });

  const wrong = [
    { set: 'mode=on', says: /mode.*observe.*act/s },
    { set: 'replicas=3', says: /replicas/ },
    { set: 'config.extender.halfing=3s', says: /halfing/ },
    { set: 'config.profiles[0].nam=nvidia', says: /profiles/ },
    { set: 'image.digest=latest', says: /digest/ },
  ];
  test.each(wrong)('$set is refused by the schema, with the key', async ({ set, says }) => {
    await expect(renderers.helm([set])).rejects.toThrow(says);
  });

  test('goes to another namespace, from another registry, by digest', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const text = await renderers.helm(
      ['image.registry=registry.example/mirror', `image.digest=${digest}`],
      { namespace: 'gpu-tools' },
    );
    expect(text).not.toMatch('surefoot-system');
    expect(text).toMatch(`image: registry.example/mirror/surefoot@${digest}`);
  });

  test('asks the API server for the devices of its values', async () => {
    const text = await renderers.helm([
      'config.profiles[0].name=fpga',
      'config.profiles[0].devices={xilinx.com/fpga-*,example.com/npu}',
    ]);
    expect(text).toMatch(
      "(k in ['example.com/npu'] || k.startsWith('xilinx.com/fpga-') || k.startsWith('deviceclass.resource.kubernetes.io/'))",
    );
    expect(text).not.toMatch("nvidia.com/gpu'");
  });
});
