import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { PlacementBook } from '../../../extender/savings/placement-book.ts';
import {
  type PlacementStore,
  placementsInMemory,
} from '../../../extender/savings/placement-days.ts';
import { NO_PLACEMENTS, type Placement } from '../../../extender/savings/placement-sums.ts';

const DAY = 86_400;
const log = pino({ level: 'silent' });

/** One pod of so many seconds saved, on a day since 1970. */
function placed(day: number, savedDeviceSeconds: number): Placement {
  const sums = { ...NO_PLACEMENTS, placed: 1, savedDeviceSeconds };
  return { atSeconds: day * DAY + 5, mode: 'act', sums };
}

describe('the book of placements', () => {
  test('two replicas add to one record, and each sees what the other has written', async () => {
    const store = placementsInMemory();
    const [one, other] = [new PlacementBook(store, log), new PlacementBook(store, log)];
    one.add('team-a/Job/x', placed(0, 10));
    other.add('team-a/Job/x', placed(0, 20));
    other.add('team-a/Job/x', placed(1, 5));
    await one.round();
    await other.round();
    await one.round();
    const days = one.days();
    expect(days).toEqual(other.days());
    expect(days.map(({ day, act }) => [day, act.placed, act.savedDeviceSeconds])).toEqual([
      ['1970-01-01', 2, 30],
      ['1970-01-02', 1, 5],
    ]);
  });

  test('what cannot be written waits, with what comes meanwhile, and is written once', async () => {
    const memory = placementsInMemory();
    let isAway = true;
    const store: PlacementStore = {
      change: (change) =>
        isAway ? Promise.reject(new Error('the API server is away')) : memory.change(change),
    };
    const book = new PlacementBook(store, log);
    book.add('team-a/Job/x', placed(0, 10));
    const failing = book.round();
    book.add('team-a/Job/x', placed(0, 1));
    await failing;
    expect(book.days()[0]?.act).toMatchObject({ placed: 2, savedDeviceSeconds: 11 });
    isAway = false;
    await book.round();
    await book.round();
    expect(book.days()[0]?.act).toMatchObject({ placed: 2, savedDeviceSeconds: 11 });
  });

  test('of 100 days the latest 90 stay', async () => {
    const book = new PlacementBook(placementsInMemory(), log);
    for (let day = 0; day < 100; day += 1) book.add('team-a/Job/x', placed(day, 1));
    await book.round();
    const days = book.days();
    expect([days.length, days[0]?.day]).toEqual([90, '1970-01-11']);
  });

  test('a workload whose pods come again and again fills no more than its hour', () => {
    const book = new PlacementBook(placementsInMemory(), log);
    for (let at = 0; at < 5000; at += 1) book.add('evil/Job/loop', placed(0, 10));
    book.add('team-a/Job/x', placed(0, 10));
    expect(book.days()[0]?.act.placed).toBe(1025);
  });
});
