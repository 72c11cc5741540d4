import { expect, test } from 'vitest';
import { Domains, NO_DOMAIN } from '../../../extender/state/domains.ts';

test('nodes are in domains by number; one that is empty gives its number up', () => {
  const domains = new Domains();
  const named = (node: number) => domains.nameOf(domains.of(node));
  expect(domains.of(7)).toBe(NO_DOMAIN);
  domains.set(0, 'r1');
  domains.set(1, 'r1');
  domains.set(100, 'r2');
  expect([named(0), named(1), named(100)]).toEqual(['r1', 'r1', 'r2']);
  expect(domains.of(2)).toBe(NO_DOMAIN);
  expect(domains.largest).toBe(2);

  domains.set(100, undefined);
  domains.set(5, 'r3');
  expect(domains.capacity).toBe(2);
  expect(named(5)).toBe('r3');
  domains.set(0, 'r3');
  domains.set(0, 'r3');
  expect([named(0), named(1)]).toEqual(['r3', 'r1']);
  domains.set(0, '');
  expect(domains.of(0)).toBe(NO_DOMAIN);
  expect(domains.largest).toBe(1);
});
