import { describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../../certs/serving/strict-yaml.ts';
import { customFacts } from '../../../extender/facts/custom-objects.ts';
import { extenderSchema } from '../../../extender/settings.ts';
import { builtInCatalogue } from '../../../extender/signals/built-in-catalogue.ts';
import { catalogueOf, parseCatalogue } from '../../../extender/signals/catalogue.ts';

const KIND = { group: 'ngn2.nvidia.com', version: 'v1alpha1', plural: 'notifymaintenances' };
const announced = (namespace: string | undefined, nodeObject = 'gpu-7') => ({
  metadata: { name: 'm', uid: 'u', ...(namespace !== undefined && { namespace }) },
  spec: { nodeObject, maintenanceType: 'planned' },
});
const trusting = (...trustedNamespaces: readonly string[]) =>
  catalogueOf(builtInCatalogue(), {
    rows: [],
    codes: {},
    trustedNamespaces: [...trustedNamespaces],
  });

describe('a custom object with a namespace', () => {
  test('is believed where the administrator says so', () => {
    const facts = customFacts(announced('pika'), KIND, trusting('pika'));
    expect(facts.findings.map(({ row }) => row.name)).toEqual(['pika-planned']);
    expect(facts.heard.signals).toEqual([]);
  });

  test('is a tenant’s anywhere else: nothing stands by it, and what it says only corroborates', () => {
    const facts = customFacts(announced('team-evil'), KIND, trusting('pika'));
    expect(facts.findings).toEqual([]);
    expect(facts.heard).toMatchObject({
      node: 'gpu-7',
      namespace: 'team-evil',
      signals: [{ row: 'pika-planned', trust: 'forgeable', namespace: 'team-evil' }],
      unmapped:
        'object notifymaintenances.ngn2.nvidia.com in namespace team-evil, which catalogue.trustedNamespaces does not name',
    });
  });

  test('that names no node, but something longer, is about none', () => {
    expect(customFacts(announced('pika', 'x'.repeat(254)), KIND, trusting('pika')).node).toBe('');
  });
});

test('one of the whole cluster only its administrators write', () => {
  expect(customFacts(announced(undefined), KIND, trusting()).findings).toHaveLength(1);
});

test('configuration as it was before, without trusted namespaces, is read and trusts none', () => {
  const text =
    'apiVersion: config.surefoot.dev/v1alpha1\nkind: Extender\ncatalogue: { rows: [] }\n';
  const read = parseStrictYaml('extender.yaml', text, extenderSchema);
  expect(read.ok && read.value.catalogue.trustedNamespaces).toEqual([]);
  expect(parseCatalogue('catalogue.yaml', 'rows: []\n')).toMatchObject({ ok: true });
});
