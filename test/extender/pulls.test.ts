import { describe, expect, test } from 'vitest';
import { makeNode, makePodFacts } from '../make/facts.ts';
import { makeHistorian } from '../make/historian.ts';

const IMAGE = 'registry.example/train:1';
const GIB = 2 ** 30;
const PRIOR = 40 * 2 ** 20;

function fleet(size: number) {
  const made = makeHistorian();
  const nodes = Array.from({ length: size }, (_none, index) =>
    makeNode({ name: `gpu-${index}`, model: 'a100' }),
  );
  for (const node of nodes) made.historian.nodeChanged(node, 0);
  // One more, elsewhere, so that the size of the image is known.
  made.historian.nodeChanged(makeNode({ name: 'old', images: new Map([[IMAGE, 4 * GIB]]) }), 0);
  return { ...made, nodes };
}
const waiting = (node: string, name = `pod-${node}`) => {
  const { startedAtSeconds: _none, ...pod } = makePodFacts({
    name,
    node,
    images: [IMAGE],
    phase: 'Pending',
    boundAtSeconds: 100,
  });
  return pod;
};
const running = (node: string, atSeconds: number, name = `pod-${node}`) => ({
  ...waiting(node, name),
  phase: 'Running',
  startedAtSeconds: 100,
  ran: [{ image: IMAGE, atSeconds }],
});

describe('pulls', () => {
  test('are under way from when a pod is bound until it runs', () => {
    const { historian, nodes } = fleet(2);
    const [node = makeNode(), other = makeNode()] = nodes;
    historian.podChanged(waiting('gpu-0'), false, 101);
    expect(historian.pulls.pulledSinceSeconds('gpu-0', IMAGE)).toBe(100);
    expect(historian.pulls.pulledSinceSeconds('gpu-0', 'other')).toBeUndefined();
    expect(historian.pulls.bytesPerSecond(node, PRIOR)).toBe(PRIOR / 2);
    expect(historian.pulls.bytesPerSecond(other, PRIOR)).toBe(PRIOR);
    historian.podChanged(running('gpu-0', 140), false, 141);
    expect(historian.pulls.pulledSinceSeconds('gpu-0', IMAGE)).toBeUndefined();
    expect(historian.pulls.bytesPerSecond(node, PRIOR)).toBe(PRIOR);
  });

  test('that are never finished end with their pod', () => {
    const { historian } = fleet(1);
    historian.podChanged(waiting('gpu-0'), false, 101);
    historian.podRemoved('uid-pod-gpu-0', 200);
    expect(historian.pulls.pulledSinceSeconds('gpu-0', IMAGE)).toBeUndefined();
  });

  test('teach how much a kind of machine pulls in a second', () => {
    const { historian, nodes } = fleet(4);
    for (const { name } of nodes.slice(0, 3)) {
      historian.podChanged(waiting(name), false, 101);
      historian.podChanged(running(name, 120), false, 121);
    }
    expect(historian.pulls.bytesPerSecond(nodes[3] ?? makeNode(), PRIOR)).toBeCloseTo(
      (4 * GIB) / 20,
    );
    expect(historian.pulls.bytesPerSecond(makeNode({ model: 'h100' }), PRIOR)).toBe(PRIOR);
  });

  test('of a pod that lacked two images teach nothing: who came first, and when, is not known', () => {
    const { historian, nodes } = fleet(4);
    for (const { name } of nodes) {
      const images = [IMAGE, 'registry.example/sidecar:1'];
      historian.podChanged({ ...waiting(name), images }, false, 101);
      historian.podChanged({ ...running(name, 120), images }, false, 121);
    }
    expect(historian.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR)).toBe(PRIOR);
  });

  test('of an image that is there teach nothing: there was none', () => {
    const { historian, nodes } = fleet(4);
    for (const node of nodes) {
      historian.nodeChanged({ ...node, images: new Map([[IMAGE, 4 * GIB]]) }, 50);
      historian.podChanged(waiting(node.name), false, 101);
      historian.podChanged(running(node.name, 101), false, 102);
    }
    expect(historian.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR)).toBe(PRIOR);
  });
});
