import { describe, expect, test } from 'vitest';
import { imageList, normalizedImage } from '../../../extender/facts/images.ts';
import { podFacts } from '../../../extender/facts/pods.ts';
import { Cluster } from '../../../extender/state/cluster.ts';
import { ImageIndex } from '../../../extender/state/image-index.ts';
import { makeImages, makeNode, makePodFacts } from '../../make/facts.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const TRAIN = 'registry.example/train:1';

function nodeListing(name: string, ...names: readonly (readonly string[])[]) {
  return makeNode({ name, ...imageList(names.map((one) => ({ names: one, sizeBytes: 7 }))) });
}

/** A node whose kubelet lists 50 others and no more. */
function nodeWithCutList(name = 'gpu-1') {
  const others = Array.from({ length: 50 }, (_none, index) => [`registry.example/other:${index}`]);
  return nodeListing(name, ...others);
}

describe('a list of images', () => {
  test('gives normalised names, sizes, the digest behind the names, and whether it is cut', () => {
    const { images, isImageListCut } = imageList([
      { names: [`busybox@${DIGEST}`, 'busybox:1'], sizeBytes: 5 },
      { names: null, sizeBytes: 6 },
    ]);
    expect(images).toEqual([
      {
        names: [`docker.io/library/busybox@${DIGEST}`, 'docker.io/library/busybox:1'],
        bytes: 5,
        digest: DIGEST,
      },
    ]);
    expect(isImageListCut).toBe(false);
    expect(nodeWithCutList().isImageListCut).toBe(true);
  });

  test('gives the same entry for what is listed alike, and tells apart what shares a first name', () => {
    const read = (names: readonly string[], sizeBytes: number) =>
      imageList([{ names: [...names], sizeBytes }]).images[0];
    const alike = read([TRAIN, 'registry.example/train:2'], 5);
    expect(read([TRAIN, 'registry.example/train:2'], 5)).toBe(alike);
    expect(read([TRAIN], 5)?.names).toEqual([TRAIN]);
    expect(read([TRAIN, 'registry.example/train:3'], 5)?.names[1]).toBe('registry.example/train:3');
    expect(read([TRAIN, 'registry.example/train:2'], 6)?.bytes).toBe(6);
    expect(read([TRAIN, 'registry.example/train:2'], 5)).toBe(alike);
    // With more that share it than are remembered they are still read as they are.
    for (let bytes = 100; bytes < 150; bytes += 1) expect(read([TRAIN], bytes)?.bytes).toBe(bytes);
  });
});

describe('images of a pod', () => {
  test('are those of all containers and image volumes, and what has run says its digest', () => {
    const facts = podFacts(
      {
        metadata: { name: 'p', uid: 'u' },
        spec: {
          initContainers: [{ name: 'init', image: 'setup:1' }],
          containers: [{ name: 'main', image: TRAIN }],
          volumes: [
            { name: 'weights', image: { reference: 'registry.example/weights:3' } },
            { name: 'tmp' },
          ],
        },
        status: {
          initContainerStatuses: [
            {
              name: 'init',
              imageID: `docker.io/library/setup@${DIGEST}`,
              state: { terminated: { exitCode: 0, startedAt: '1970-01-01T00:00:10Z' } },
            },
          ],
          containerStatuses: [{ name: 'main', state: { waiting: { reason: 'PodInitializing' } } }],
          conditions: [
            { type: 'PodScheduled', status: 'True', lastTransitionTime: '1970-01-01T00:00:05Z' },
          ],
        },
      },
      [],
    );
    expect(facts.images).toEqual([
      'docker.io/library/setup:1',
      TRAIN,
      'registry.example/weights:3',
    ]);
    expect(facts.ran).toEqual([
      { image: 'docker.io/library/setup:1', digest: DIGEST, atSeconds: 10 },
    ]);
    expect(facts.boundAtSeconds).toBe(5);
  });
});

describe('an image is on a node', () => {
  test('that lists it by name', () => {
    const index = new ImageIndex();
    const node = nodeListing('gpu-1', [TRAIN]);
    index.listed(node);
    expect(index.isOn(node, TRAIN, 0)).toBe(true);
    expect(index.isOn(node, 'registry.example/train:2', 0)).toBe(false);
  });

  test('that lists its digest under another name, once any node has told the digest', () => {
    const index = new ImageIndex();
    const mirror = nodeListing('gpu-2', [`mirror.example/train@${DIGEST}`]);
    index.listed(mirror);
    expect(index.isOn(mirror, TRAIN, 0)).toBe(false);
    index.listed(nodeListing('gpu-1', [TRAIN, `registry.example/train@${DIGEST}`]));
    expect(index.isOn(mirror, TRAIN, 0)).toBe(true);
    expect(index.bytesOf(TRAIN)).toBe(7);
    // The tag is moved to another image.
    index.listed(nodeListing('gpu-1', [TRAIN, `registry.example/train@${OTHER}`]));
    expect(index.isOn(mirror, TRAIN, 0)).toBe(false);
  });

  test('where it runs, and a day later, if the list is cut', () => {
    const index = new ImageIndex();
    const node = nodeWithCutList();
    const pod = makePodFacts({ ran: [{ image: TRAIN, atSeconds: 0 }] });
    index.listed(node);
    expect(index.isOn(node, TRAIN, 0)).toBe(false);
    index.ranOn(node, pod, 0);
    expect(index.isOn(node, TRAIN, 1e9)).toBe(true);
    index.ranOn(node, { ...pod, phase: 'Failed' }, 1000);
    expect(index.isOn(node, TRAIN, 1000 + 86_399)).toBe(true);
    expect(index.isOn(node, TRAIN, 1000 + 86_401)).toBe(false);
  });

  test('as long as any pod runs it, whichever has ended', () => {
    const index = new ImageIndex();
    const node = nodeWithCutList();
    const pod = (name: string) => makePodFacts({ name, ran: [{ image: TRAIN, atSeconds: 0 }] });
    index.listed(node);
    index.ranOn(node, pod('a'), 0);
    index.ranOn(node, pod('b'), 0);
    index.ranOn(node, { ...pod('a'), phase: 'Failed' }, 1000);
    expect(index.isOn(node, TRAIN, 1e9)).toBe(true);
  });

  test('by the digest that ran last, not by that of an old pod that ends', () => {
    const index = new ImageIndex();
    const mirror = nodeListing('gpu-2', [`mirror.example/train@${OTHER}`]);
    index.listed(mirror);
    const ran = (digest: string, atSeconds: number) =>
      makePodFacts({ ran: [{ image: TRAIN, digest, atSeconds }] });
    index.ranOn(mirror, ran(OTHER, 500), 500);
    index.ranOn(mirror, { ...ran(DIGEST, 10), phase: 'Failed' }, 600);
    expect(index.isOn(mirror, TRAIN, 600)).toBe(true);
  });

  test('that a pod pins by digest, with or without a tag beside it', () => {
    const index = new ImageIndex();
    const node = nodeListing('gpu-1', [`registry.example/train@${DIGEST}`]);
    index.listed(node);
    for (const name of [`registry.example/train:1@${DIGEST}`, `registry.example/train@${DIGEST}`]) {
      expect(index.isOn(node, normalizedImage(name), 0)).toBe(true);
      expect(index.bytesOf(normalizedImage(name))).toBe(7);
    }
  });

  test('no more once the list is whole and its pod has ended, though it names the same', () => {
    const cluster = new Cluster();
    const names = Array.from({ length: 49 }, (_none, index) => [`registry.example/other:${index}`]);
    const node = nodeListing('gpu-1', ...names);
    const cut = { ...node, isImageListCut: true };
    cluster.setNode(cut);
    const pod = makePodFacts({ ran: [{ image: TRAIN, atSeconds: 0 }] });
    cluster.images.ranOn(cut, pod, 0);
    cluster.images.ranOn(cut, { ...pod, phase: 'Failed' }, 1000);
    expect(cluster.images.isOn(cut, TRAIN, 1200)).toBe(true);
    cluster.setNode(node);
    expect(cluster.images.isOn(node, TRAIN, 1200)).toBe(false);
  });

  test('where it runs, and for two minutes after it, though a whole list does not have it yet', () => {
    const index = new ImageIndex();
    const node = nodeListing('gpu-1', ['registry.example/other:1']);
    const pod = makePodFacts({ ran: [{ image: TRAIN, atSeconds: 0 }] });
    index.listed(node);
    index.ranOn(node, pod, 0);
    // Another image came; the kubelet has not looked again since ours did.
    const next = nodeListing('gpu-1', ['registry.example/other:1'], ['registry.example/other:2']);
    index.listed(next);
    expect(index.isOn(next, TRAIN, 1e9)).toBe(true);
    index.ranOn(next, { ...pod, phase: 'Failed' }, 1000);
    expect(index.isOn(next, TRAIN, 1119)).toBe(true);
    expect(index.isOn(next, TRAIN, 1121)).toBe(false);
  });

  test('no longer for a pod that ended long ago and is told of again', () => {
    const index = new ImageIndex();
    const node = nodeListing('gpu-1', ['registry.example/other:1']);
    const ran = [{ image: TRAIN, atSeconds: 0 }];
    index.ranOn(node, makePodFacts({ ran, phase: 'Failed', endedAtSeconds: 1000 }), 9000);
    expect(index.isOn(node, TRAIN, 9000)).toBe(false);
  });

  test('no more once a list that had it has it no more', () => {
    const index = new ImageIndex();
    const node = nodeListing('gpu-1', ['registry.example/other:1']);
    const pod = makePodFacts({ ran: [{ image: TRAIN, atSeconds: 0 }] });
    index.ranOn(node, pod, 0);
    const has = nodeListing('gpu-1', ['registry.example/other:1'], [TRAIN]);
    index.listed(has);
    index.ranOn(has, { ...pod, phase: 'Failed' }, 10);
    index.listed(node);
    expect(index.isOn(node, TRAIN, 11)).toBe(false);
  });

  test('the average image is what the listed ones are on average', () => {
    const index = new ImageIndex();
    expect(index.averageBytes).toBe(0);
    index.listed(
      makeNode({
        images: makeImages(['a', 100], ['b', 300]),
      }),
    );
    index.listed(makeNode({ name: 'gpu-2', images: makeImages(['a', 200]) }));
    expect(index.averageBytes).toBe(250);
  });

  test('the average image is of those that are still known', () => {
    const index = new ImageIndex();
    const images = (from: number, bytes: number) =>
      makeImages(
        ...Array.from({ length: 20_000 }, (_none, at) => [`i${from + at}`, bytes] as const),
      );
    index.listed(makeNode({ images: images(0, 100) }));
    index.listed(makeNode({ images: images(20_000, 300) }));
    expect(index.averageBytes).toBe(300);
  });
});
