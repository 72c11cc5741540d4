/** Types that name health: `True` is well. All others name a problem, as those of the node problem detector do. */
const NAMES_HEALTH =
  /(?<!Not)(Ready|Healthy|OK|Ok|Available|Passed|Succeeded|Online|Reachable|Connected|Alive|Running|Active|Valid|Up)$/;
/** Reasons of agents that find nothing: `GpuEccHasNoIssues`, `NeuronHasNoError`, `GpuMemWatchIsHealthy`. */
const FINDS_NOTHING = /(No(Errors?|Issues?|Problems?|Faults?|Failures?)|IsHealthy|NotDetected)$/;

/** Whether a condition of a type that no row knows says that all is well, by how such types and reasons are named. */
export function isGoodStatus(type: string, status: string, reason: string): boolean {
  return FINDS_NOTHING.test(reason) || status === (NAMES_HEALTH.test(type) ? 'True' : 'False');
}
