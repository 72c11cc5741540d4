import { describe, expect, test } from 'vitest';
import { Random } from '../../../extender/fleet/random.ts';

const NODES = 1000;
const NODES_PER_RACK = 8;
/** Streams as the fleet names them. */
const faultsOf = (seed: number, node: number) => new Random(seed, `faults/gpu-${node + 1}`);

describe('named streams', () => {
  test('draw the same again, and others for another seed', () => {
    const draws = (seed: number) => {
      const random = new Random(seed, 'faults/gpu-1');
      return [random.fraction(), random.below(8), random.waitSeconds(60), random.suffix()];
    };
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
  });

  // Chance alone puts 1 % of pairs within 0.5 % of each other.
  test('begin independently on neighbouring nodes: 1 % of the pairs in a rack begin alike', () => {
    let pairs = 0;
    let alike = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const first = Array.from({ length: NODES }, (_none, node) => faultsOf(seed, node).fraction());
      for (const [node, a] of first.entries()) {
        const rackEnd = (Math.floor(node / NODES_PER_RACK) + 1) * NODES_PER_RACK;
        for (const b of first.slice(node + 1, rackEnd)) {
          pairs += 1;
          if (Math.abs(a - b) < 0.005) alike += 1;
        }
      }
    }
    expect(alike / pairs).toBeGreaterThan(0.007);
    expect(alike / pairs).toBeLessThan(0.013);
  });

  test('strike as often as chance does: counts of faults vary as a Poisson distribution says', () => {
    const counts = Array.from({ length: 40 }, (_none, seed) => {
      let count = 0;
      for (let node = 0; node < NODES; node += 1) {
        const random = faultsOf(seed, node);
        for (let day = random.waitSeconds(52); day < 3; day += random.waitSeconds(52)) count += 1;
      }
      return count;
    });
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance =
      counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
    expect(mean).toBeCloseTo((NODES * 3) / 52, -1);
    expect(variance / mean).toBeGreaterThan(0.6);
    expect(variance / mean).toBeLessThan(1.6);
  });

  test.each([
    { of: 'two nodes', a: 'faults/gpu-17', b: 'faults/gpu-18' },
    { of: 'one node', a: 'faults/gpu-17', b: 'reboots/gpu-17' },
    { of: 'two workloads', a: 'workload/small-a', b: 'workload/small-b' },
    { of: 'two seeds', a: 'scheduler', b: 'scheduler', seeds: 1 },
  ])('of $of are independent', ({ a, b, seeds = 0 }) => {
    // Draw by draw over many seeds: the correlation of independent streams is within 4 / sqrt(n) of nothing.
    const count = 4000;
    for (let draw = 0; draw < 4; draw += 1) {
      const pairs = Array.from({ length: count }, (_none, seed) =>
        [new Random(2 * seed, a), new Random(2 * seed + seeds, b)].map((random) => {
          for (let before = 0; before < draw; before += 1) random.fraction();
          return random.fraction() - 0.5;
        }),
      );
      const product = pairs.reduce((sum, [x = 0, y = 0]) => sum + x * y, 0) / count;
      expect(Math.abs(12 * product)).toBeLessThan(4 / Math.sqrt(count));
    }
  });
});
