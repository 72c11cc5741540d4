import { expect, test } from 'vitest';
import { extenderSchema } from '../../../extender/settings.ts';
import { catalogueInForce } from '../../../extender/wiring/context.ts';

/** extender.yaml whose catalogue trusts these namespaces. */
const trusting = (...trustedNamespaces: readonly string[]) => ({
  extender: {
    ...extenderSchema.parse({
      apiVersion: 'config.surefoot.dev/v1alpha1',
      kind: 'Extender',
      catalogue: { trustedNamespaces },
    }),
    mode: 'observe' as const,
  },
});

test('a configuration that comes into force changes the catalogue at once', () => {
  const config = { value: trusting('gpu-operator') };
  const catalogue = catalogueInForce(config);
  expect(catalogue().trusts('gpu-operator')).toBe(true);
  expect(catalogue()).toBe(catalogue());
  config.value = trusting();
  expect(catalogue().trusts('gpu-operator')).toBe(false);
});
