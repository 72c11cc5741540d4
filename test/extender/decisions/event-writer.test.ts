import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../certs/cluster/api-error.ts';
import type { WrittenEvent } from '../../../extender/decisions/event-writer.ts';
import {
  type EventSink,
  EventWriter,
  type Regarding,
} from '../../../extender/decisions/event-writer.ts';

const POD = { namespace: 'team-a', name: 'train-0', uid: 'uid' };
const EVENT: WrittenEvent = { reason: 'PreferredWarmNode', type: 'Normal', note: 'words' };

/** A sink that takes, refuses or never answers. */
class FakeSink implements EventSink {
  readonly taken: string[] = [];
  error: object | undefined;
  isStuck = false;

  async create(regarding: Regarding, event: WrittenEvent, at: Date): Promise<void> {
    if (this.isStuck) await new Promise(() => {});
    if (this.error !== undefined) throw this.error;
    this.taken.push(`${regarding.name} ${event.note} ${at.toISOString()}`);
  }
}

function writing() {
  const sink = new FakeSink();
  const results: string[] = [];
  const said: string[] = [];
  const clock = { ms: 0 };
  const writer = new EventWriter({
    sink,
    onResult: (result) => results.push(result),
    log: pino({}, { write: (line) => said.push(JSON.parse(line).msg) }),
    nowMs: () => clock.ms,
  });
  const tell = async (times = 1) => {
    for (let time = 0; time < times; time += 1) {
      writer.write(POD, EVENT, 60);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const count = (result: string) => results.filter((one) => one === result).length;
  return { sink, said, clock, tell, count };
}

describe('Events about placements', () => {
  test('are written with when and about whom', async () => {
    const { sink, tell, count } = writing();
    await tell();
    expect(sink.taken).toEqual(['train-0 words 1970-01-01T00:01:00.000Z']);
    expect(count('written')).toBe(1);
  });

  test('are 50 at once and then five a second; the others are dropped and counted', async () => {
    const { clock, tell, count } = writing();
    await tell(60);
    expect([count('written'), count('dropped')]).toEqual([50, 10]);
    clock.ms = 2000;
    await tell(20);
    expect([count('written'), count('dropped')]).toEqual([60, 20]);
    clock.ms = 1_000_000;
    await tell(60);
    expect(count('written')).toBe(110);
  });

  test('do not pile up while nobody takes them', async () => {
    const { sink, tell, count } = writing();
    sink.isStuck = true;
    await tell(40);
    expect([count('written'), count('dropped')]).toEqual([0, 24]);
  });

  test('that are refused are said once a minute, with what is needed', async () => {
    const { sink, said, clock, tell, count } = writing();
    sink.error = new ApiError(403, 'no');
    await tell(3);
    expect(count('failed')).toBe(3);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('needs create on events.events.k8s.io');
    clock.ms = 60_000;
    await tell();
    expect(said).toHaveLength(2);
  });

  test("about a pod whose namespace is gone are nobody's loss", async () => {
    const { sink, said, tell, count } = writing();
    sink.error = new ApiError(404, 'no');
    await tell();
    expect(count('failed')).toBe(1);
    expect(said).toEqual([]);
  });
});
