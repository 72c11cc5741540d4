import { describe, expect, test } from 'vitest';
import { makeImages, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';

const IMAGE = 'registry.example/train:1';
const GIB = 2 ** 30;
const PRIOR = 40 * 2 ** 20;

function fleet(size: number) {
  const made = makeIngest();
  const nodes = Array.from({ length: size }, (_none, index) =>
    makeNode({ name: `gpu-${index}`, model: 'a100' }),
  );
  for (const node of nodes) made.ingest.nodeChanged(node, 0);
  // One more, elsewhere, so that the size of the image is known.
  made.ingest.nodeChanged(makeNode({ name: 'old', images: makeImages([IMAGE, 4 * GIB]) }), 0);
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
    const { ingest, nodes } = fleet(2);
    const [node = makeNode(), other = makeNode()] = nodes;
    ingest.podChanged(waiting('gpu-0'), false, 101);
    expect(ingest.pulls.pulledSinceSeconds('gpu-0', IMAGE, 101)).toBe(100);
    expect(ingest.pulls.pulledSinceSeconds('gpu-0', 'other', 101)).toBeUndefined();
    expect(ingest.pulls.bytesPerSecond(node, PRIOR, 101)).toBe(PRIOR / 2);
    expect(ingest.pulls.bytesPerSecond(other, PRIOR, 101)).toBe(PRIOR);
    ingest.podChanged(running('gpu-0', 140), false, 141);
    expect(ingest.pulls.pulledSinceSeconds('gpu-0', IMAGE, 101)).toBeUndefined();
    expect(ingest.pulls.bytesPerSecond(node, PRIOR, 101)).toBe(PRIOR);
  });

  test('that are never finished end with their pod', () => {
    const { ingest } = fleet(1);
    ingest.podChanged(waiting('gpu-0'), false, 101);
    ingest.podRemoved('uid-pod-gpu-0', 200);
    expect(ingest.pulls.pulledSinceSeconds('gpu-0', IMAGE, 101)).toBeUndefined();
  });

  test('teach how much a kind of machine pulls in a second', () => {
    const { ingest, nodes } = fleet(4);
    for (const { name } of nodes.slice(0, 3)) {
      ingest.podChanged(waiting(name), false, 101);
      ingest.podChanged(running(name, 140), false, 141);
    }
    expect(ingest.pulls.bytesPerSecond(nodes[3] ?? makeNode(), PRIOR, 101)).toBe(110e6);
    expect(ingest.pulls.bytesPerSecond(makeNode({ model: 'h100' }), PRIOR, 101)).toBe(PRIOR);
  });

  test('of a pod that lacked two images teach nothing: who came first, and when, is not known', () => {
    const { ingest, nodes } = fleet(4);
    for (const { name } of nodes) {
      const images = [IMAGE, 'registry.example/sidecar:1'];
      ingest.podChanged({ ...waiting(name), images }, false, 101);
      const ran = images.map((image) => ({ image, atSeconds: 120 }));
      ingest.podChanged({ ...running(name, 120), images, ran }, false, 121);
    }
    expect(ingest.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR, 101)).toBe(PRIOR);
  });

  test('of one image for eight pods are one pull, and teach what that one took', () => {
    const { ingest, nodes } = fleet(3);
    for (const { name } of nodes) {
      for (let pod = 0; pod < 8; pod += 1)
        ingest.podChanged(waiting(name, `${name}-${pod}`), false, 101);
    }
    expect(ingest.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR, 101)).toBe(PRIOR / 2);
    for (const { name } of nodes) {
      for (let pod = 0; pod < 8; pod += 1)
        ingest.podChanged(running(name, 140, `${name}-${pod}`), false, 141);
    }
    expect(ingest.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR, 141)).toBe(110e6);
  });

  test('go on while an init container runs and the main image is still missing', () => {
    const { ingest } = fleet(1);
    const images = ['registry.example/setup:1', IMAGE];
    const pod = { ...waiting('gpu-0'), images };
    ingest.podChanged(pod, false, 101);
    ingest.podChanged(
      { ...pod, ran: [{ image: 'registry.example/setup:1', atSeconds: 110 }] },
      false,
      111,
    );
    expect(ingest.pulls.pulledSinceSeconds('gpu-0', IMAGE, 120)).toBe(100);
  });

  test('that take half an hour are none: the pod waits for something else', () => {
    const { ingest, nodes } = fleet(1);
    ingest.podChanged(waiting('gpu-0'), false, 101);
    expect(ingest.pulls.pulledSinceSeconds('gpu-0', IMAGE, 2000)).toBeUndefined();
    expect(ingest.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR, 2000)).toBe(PRIOR);
  });

  test('move what is configured by no more than four times', () => {
    const { ingest, nodes } = fleet(3);
    for (const { name } of nodes) {
      ingest.podChanged(waiting(name), false, 101);
      ingest.podChanged(running(name, 5000), false, 5001);
    }
    expect(ingest.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR, 5001)).toBe(PRIOR / 4);
  });

  test('of an image that is there teach nothing: there was none', () => {
    const { ingest, nodes } = fleet(4);
    for (const node of nodes) {
      ingest.nodeChanged({ ...node, images: makeImages([IMAGE, 4 * GIB]) }, 50);
      ingest.podChanged(waiting(node.name), false, 101);
      ingest.podChanged(running(node.name, 101), false, 102);
    }
    expect(ingest.pulls.bytesPerSecond(nodes[0] ?? makeNode(), PRIOR, 101)).toBe(PRIOR);
  });
});
