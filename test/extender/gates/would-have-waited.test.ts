import { describe, expect, test } from 'vitest';
import { makeGatedFleet, member } from '../../make/gates.ts';

/** Two nodes, on the first of which a member has run for 1,000 s. */
function fleet() {
  const made = makeGatedFleet('gpu-1', 'gpu-2');
  const first = made.run(member('train', 0), 'gpu-1');
  return { ...made, first, next: member('train', 0, 1) };
}

describe('what waiting would have saved', () => {
  test('is told of a pod that went elsewhere while its own node was to be free soon', () => {
    const { first, next, end, bindElsewhere } = fleet();
    end(first, 1000, 15);
    expect(bindElsewhere(next, 'gpu-2', 1001)).toBe(
      'waiting 14 s for its own node gpu-1 would have saved 6 s',
    );
  });

  test('is nothing where the wait is longer than what the other node costs', () => {
    const { first, next, end, bindElsewhere } = fleet();
    end(first, 1000, 25);
    expect(bindElsewhere(next, 'gpu-2', 1001)).toBeUndefined();
  });

  test('is nothing at home', () => {
    const { first, next, crash, bindElsewhere } = fleet();
    crash(first, 1000);
    expect(bindElsewhere(next, 'gpu-1', 1001)).toBeUndefined();
  });

  test('is nothing where its own node would not have done', () => {
    const { first, next, crash, setNode, bindElsewhere } = fleet();
    crash(first, 1000);
    setNode({ name: 'gpu-1', isCordoned: true }, 1000);
    expect(bindElsewhere(next, 'gpu-2', 1001)).toBeUndefined();
  });

  test('is nothing of a slot that has run nowhere', () => {
    const { bindElsewhere } = fleet();
    expect(bindElsewhere(member('fresh', 0), 'gpu-2', 1001)).toBeUndefined();
  });
});
