import { describe, expect, test } from 'vitest';
import { imageList, normalizedImage } from '../../extender/facts/images.ts';
import { ImageIndex } from '../../extender/state/image-index.ts';
import { makeNode, makePodFacts } from '../make/facts.ts';

/** Names as the container runtime writes them, by the rules and from the tests of github.com/distribution/reference. */

const HEX = '86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa';

describe('the name of an image', () => {
  test.each([
    ['index.docker.io/team/app:v2', 'docker.io/team/app:v2'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/ubuntu-12.04-base:1', 'docker.io/library/ubuntu-12.04-base:1'],
    ['REGISTRY/app:v1', 'REGISTRY/app:v1'],
    ['Foo/bar', 'Foo/bar:latest'],
    ['docker.io/foo', 'docker.io/library/foo:latest'],
    ['docker.io/library/foo/bar', 'docker.io/library/foo/bar:latest'],
    ['library/foo/bar:1', 'docker.io/library/foo/bar:1'],
    ['docker/migrator', 'docker.io/docker/migrator:latest'],
    ['test_com/foo', 'docker.io/test_com/foo:latest'],
    ['test-com:8080/foo', 'test-com:8080/foo:latest'],
    ['xn--n3h.com:18080/foo:2', 'xn--n3h.com:18080/foo:2'],
    ['127.0.0.1:8000/privatebase', '127.0.0.1:8000/privatebase:latest'],
    ['[fc00::1]:5000/docker/docker', '[fc00::1]:5000/docker/docker:latest'],
    ['192.168.0.1:80', 'docker.io/library/192.168.0.1:80'],
    ['localhost/app', 'localhost/app:latest'],
    [`busybox:latest@sha256:${HEX}`, `docker.io/library/busybox@sha256:${HEX}`],
    [`index.docker.io/team/app:v2@sha256:${HEX}`, `docker.io/team/app@sha256:${HEX}`],
    ['registry.example:5000/team/App-Stack:V1', 'registry.example:5000/team/App-Stack:V1'],
  ])('%s is %s', (name, written) => {
    expect(normalizedImage(name)).toBe(written);
    expect(normalizedImage(written)).toBe(written);
  });
});

const TRAIN = 'registry.example/train:1';

/** A node that lists so many other images, and the one above if it is listed. */
function listing(others: number, isListed: boolean) {
  const names = Array.from({ length: others }, (_none, index) => `registry.example/other:${index}`);
  const all = isListed ? [...names, TRAIN] : names;
  return makeNode(imageList(all.map((name) => ({ names: [name], sizeBytes: 7 }))));
}

/** Whether the image counts as there an hour after its pod has ended, when the node lists so many others. */
function isThereAfter(others: number, isListed: boolean, othersAfterwards: number): boolean {
  const index = new ImageIndex();
  const before = listing(others, isListed);
  const pod = makePodFacts({ ran: [{ image: TRAIN, atSeconds: 0 }] });
  index.listed(before);
  index.ranOn(before, pod, 0);
  index.ranOn(before, { ...pod, phase: 'Failed' }, 1000);
  const after = listing(othersAfterwards, false);
  index.listed(after);
  return index.isOn(after, TRAIN, 1000 + 3600);
}

describe('an image that ran and is not listed any more', () => {
  test.each([
    { name: '79 of 80, without a limit', before: 79, after: 79 },
    { name: '50 of 51, without a limit, and 51 after others came', before: 50, after: 51 },
    { name: '12 of 13', before: 12, after: 12 },
  ])('is gone from a list that is not at a limit: $name', ({ before, after }) => {
    expect(isThereAfter(before, true, after)).toBe(false);
  });

  test.each([0, 10, 50, 100])('may be there when the list is at a limit: %i', (limit) => {
    expect(isThereAfter(limit, false, limit)).toBe(true);
  });
});
