import { slowingLevels, type Topology } from '../fleet/topology.ts';
import { LOSS_TERMS, type LossTerm } from '../forecast/loss-terms.ts';
import { type PlacementPolicy, STOCK } from './rivals/policy.ts';
import { RacksFirst } from './rivals/racks-first.ts';
import { WeightedSum, type Weights } from './rivals/weighted-sum.ts';
import { shippedConfiguration } from './script-files.ts';
import { SurefootInProcess } from './surefoot-in-process.ts';

export type PolicyName =
  | 'stock'
  | 'racks first'
  | 'racks first, else the freest'
  | 'weighted sum'
  | 'surefoot, pod by pod'
  | 'surefoot';

/** The best of ten drawings on seed 1001, in a world as published and in one of frequent rack outages. */
const TUNED: Weights = { image: 20, home: 20, faults: 1, rack: 1, halfLifeDays: 1 };

/** A policy that has seen nothing yet; `topology`: of the fleet, whose slowdowns an administrator would write down. */
export function policyNamed(name: PolicyName, topology: Topology): PlacementPolicy {
  switch (name) {
    case 'stock':
      return STOCK;
    case 'racks first':
      return new RacksFirst(false);
    case 'racks first, else the freest':
      return new RacksFirst(true);
    case 'weighted sum':
      return new WeightedSum(TUNED);
    case 'surefoot, pod by pod':
    case 'surefoot': {
      const { profiles, extender } = shippedConfiguration();
      const config = { ...extender, topology: slowingLevels(topology) };
      const terms = name === 'surefoot' ? LOSS_TERMS : LOSS_TERMS.filter(isOfPod);
      return new SurefootInProcess(profiles, config, terms);
    }
  }
}

/** Whether a term is of the pod alone, wherever the others of its job are. */
function isOfPod({ dependsOn }: LossTerm): boolean {
  return !dependsOn.includes('siblings');
}
