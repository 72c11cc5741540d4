import { describe, expect, test } from 'vitest';
import { forecast } from '../../../extender/forecast/loss.ts';
import { candidateOn } from '../../../extender/prioritize/node-candidate.ts';
import { podImages } from '../../../extender/prioritize/pod-images.ts';
import { EXPECTATIONS, makeImages, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const image = (at: number) => `docker.io/library/image-${at}:latest`;
const images = (count: number) => Array.from({ length: count }, (_, at) => image(at));
const MIB = 2 ** 20;

/** One node that has these images, each of so many MiB as its number, and one that has none. */
function fleet(count: number) {
  const made = makeIngest();
  const listed = images(count).map((name, at) => [name, at * MIB] as const);
  const warm = makeNode({ name: 'warm', images: makeImages(...listed) });
  const cold = makeNode({ name: 'cold' });
  made.cluster.setNode(warm);
  made.cluster.setNode(cold);
  return { warm, cold, snapshot: makeSnapshot(made) };
}

describe('of a pod with many images', () => {
  test('the eight largest that any node lists are looked for, and the others weigh the same on every node', () => {
    const { warm, cold, snapshot } = fleet(20);
    const pod = makePodFacts({ images: [...images(20), 'unknown:1', 'unknown:2'] });
    const found = podImages(pod, snapshot);
    expect(found.lookedFor).toEqual([19, 18, 17, 16, 15, 14, 13, 12].map(image));
    expect(found.otherUnknown).toEqual({ count: 2, one: 'unknown:1' });
    const small = (11 * 12 * MIB) / 2;
    expect(found.otherBytes).toBeCloseTo(small + 2 * snapshot.cluster.images.averageBytes);
    const [onWarm, onCold] = [warm, cold].map((node) => candidateOn(node, pod, snapshot, found));
    expect(onWarm?.missingBytes).toBe(found.otherBytes);
    expect(onCold?.missingBytes).toBe(found.otherBytes + 124 * MIB);
    expect(onWarm?.unknownImages).toEqual({ count: 2, one: 'unknown:1' });
  });

  test('a node that has the large ones is preferred', () => {
    const { warm, cold, snapshot } = fleet(64);
    const pod = makePodFacts({ images: images(64) });
    const [onWarm, onCold] = [warm, cold].map(
      (node) => forecast(candidateOn(node, pod, snapshot), EXPECTATIONS).lossSeconds,
    );
    expect(onWarm).toBeLessThan(onCold ?? 0);
  });
});

test('of a pod with few images all are looked for', () => {
  const { snapshot } = fleet(3);
  const few = [...images(3), 'unknown:1'];
  expect(podImages({ images: few }, snapshot)).toEqual({
    lookedFor: few,
    otherBytes: 0,
    otherUnknown: { count: 0 },
  });
});

test('what a pod names makes a question at most three times as dear as a usual new pod', () => {
  const { snapshot } = fleet(200);
  const nodes = Array.from({ length: 2000 }, (_, at) => makeNode({ name: `gpu-${at}` }));
  for (const node of nodes) snapshot.cluster.setNode(node);
  const msFor = (names: readonly string[]) => {
    const pod = makePodFacts({ images: names });
    const asked = podImages(pod, snapshot);
    const begun = performance.now();
    for (const node of nodes) candidateOn(node, pod, snapshot, asked);
    return performance.now() - begun;
  };
  const ratios = Array.from({ length: 15 }, (_, round) => {
    const hostile = Array.from({ length: 64 }, (_none, at) => image((round + at) % 200));
    return msFor(hostile) / msFor(hostile.slice(0, 3));
  });
  const [median = 0] = ratios.sort((a, b) => a - b).slice(7);
  expect(median).toBeLessThan(3);
});
