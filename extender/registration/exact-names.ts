import { matchesDevicePattern } from '../../webhook/words/device.ts';

/**
 * Sizes of MIG slices as the partition editor lists them (NVIDIA mig-parted, deployments/systemd/config-default.yaml,
 * read 2026-11-29), and those of B300 (MIG user guide, supported MIG profiles).
 */
const MIG_PROFILES = [
  // A30
  ['1g.6gb', '1g.6gb+me', '2g.12gb', '2g.12gb+me', '4g.24gb'],
  // A100 with 40 GB
  ['1g.5gb', '1g.5gb+me', '1g.10gb', '2g.10gb', '3g.20gb', '4g.20gb', '7g.40gb'],
  // A100 and H100 with 80 GB
  ['1g.10gb', '1g.10gb+me', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb'],
  // H100 NVL, and H100 with 96 GB, H20 and GH200
  ['1g.12gb', '1g.12gb+me', '1g.24gb', '2g.24gb', '3g.47gb', '4g.47gb', '7g.94gb'],
  ['3g.48gb', '4g.48gb', '7g.96gb'],
  // H200, and GH200 with 144 GB
  ['1g.18gb', '1g.18gb+me', '1g.35gb', '2g.35gb', '3g.71gb', '4g.71gb', '7g.141gb'],
  ['1g.36gb', '2g.36gb', '3g.72gb', '4g.72gb', '7g.144gb'],
  // B200, GB200, B300
  ['1g.23gb', '1g.23gb+me', '1g.45gb', '2g.45gb', '3g.90gb', '4g.90gb', '7g.180gb'],
  ['1g.47gb', '2g.47gb', '3g.95gb', '4g.95gb', '7g.189gb'],
  ['1g.34gb', '1g.34gb+me', '1g.67gb', '2g.67gb', '3g.135gb', '4g.135gb', '7g.269gb'],
  // RTX PRO 6000
  ['1g.24gb+gfx', '1g.24gb+me', '1g.24gb+me.all', '1g.24gb-me', '4g.96gb', '4g.96gb+gfx'],
  ['2g.48gb', '2g.48gb+gfx', '2g.48gb+me.all', '2g.48gb-me'],
].flat();

/** NVIDIA's device plugin writes a dot for the plus, and `.shared` behind what is time-sliced and renamed. */
const MIG_SLICES = [...new Set(MIG_PROFILES)]
  .map((profile) => `nvidia.com/mig-${profile.replace('+', '.')}`)
  .flatMap((name) => [name, `${name}.shared`]);

/** Compute partitions of an MI300 in each of its memory modes (AMD's device plugin, resource naming "mixed"). */
const AMD_PARTITIONS = ['spx', 'dpx', 'qpx', 'cpx'].flatMap((compute) =>
  ['nps1', 'nps2', 'nps4', 'nps8'].map((memory) => `amd.com/${compute}_${memory}`),
);

const KNOWN = [...MIG_SLICES, ...AMD_PARTITIONS];

export interface ExactNames {
  /** In the order of the patterns, each once. */
  readonly names: readonly string[];
  /** Patterns for which no name is known here. */
  readonly unknown: readonly string[];
}

/** The resources that the profiles' patterns stand for, as a scheduler has to be told them: by name. */
export function exactNames(patterns: readonly string[]): ExactNames {
  const names = patterns.map((pattern) =>
    pattern.endsWith('*') ? KNOWN.filter((name) => matchesDevicePattern(pattern, name)) : [pattern],
  );
  return {
    names: [...new Set(names.flat())],
    unknown: patterns.filter((_, at) => names[at]?.length === 0),
  };
}
