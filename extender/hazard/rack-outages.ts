/** What one rack has shown. */
export interface RackRecord {
  readonly rack: string;
  /** Outages that struck several of its hosts at once. */
  readonly outages: number;
  /** How long it has been watched. */
  readonly days: number;
}

/**
 * The prior: 3e-4 outages a rack-day, as if 0.8 had been seen in 2,700 rack-days. Published rates of what takes a whole
 * rack, cabinet or switch away: 5.6e-5 (Titan's cabinets), 8.6e-5 (LANL), 1.4e-4 (top-of-rack switches, Gill and others,
 * SIGCOMM 2011), 2.2e-4 (switches, Microsoft), 1.5e-3 (Google 2008, of 45 racks).
 */
const PRIOR_OUTAGES = 0.8;
const PRIOR_RACK_DAYS = 2700;

/** Outages of whole racks that are to be expected. */
export interface RackOutageRates {
  /** Of the average rack, a day. */
  readonly fleetPerDay: number;
  /** Of racks that have had any; of the others as much as of a rack that has been watched for as long. */
  perDay(rack: string): number;
}

/** What all racks together teach, and what each has shown by itself. */
export function rackOutageRates(records: Iterable<RackRecord>): RackOutageRates {
  const byRack = new Map<string, RackRecord>();
  let outages = 0;
  let days = 0;
  for (const record of records) {
    byRack.set(record.rack, record);
    outages += record.outages;
    days += record.days;
  }
  const fleetPerDay = (PRIOR_OUTAGES + outages) / (PRIOR_RACK_DAYS + days);
  return {
    fleetPerDay,
    perDay(rack) {
      const own = byRack.get(rack);
      return own === undefined ? fleetPerDay : (1 + own.outages) / (1 / fleetPerDay + own.days);
    },
  };
}
