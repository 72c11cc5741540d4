import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedAsset } from '../../certs/serving/embedded-assets.ts';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import type { Parsed } from '../../certs/serving/strict-yaml.ts';
import type { DeviceProfile } from '../../webhook/words/profile.ts';
import { type FaultScript, parseScript } from '../fleet/script.ts';
import { type ExtenderConfig, extenderDirectory } from '../settings.ts';

/** Files that the built-in fleet is run with. */

const SHIPPED_CONFIG = 'manifests/base/config';
const TOUR = 'extender/fleet/tour.yaml';
/** The files of a configuration. */
export const CONFIG_FILES = ['profiles.yaml', 'webhook.yaml', 'extender.yaml', 'surefoot.yaml'];

/** A tour of a minute, with something of everything. */
export function tour(): FaultScript {
  return parsedValue(parseScript(TOUR, embeddedAsset(TOUR)));
}

/** Reads a fault script. Throws WrongCall with every problem in it. */
export async function readScript(path: string): Promise<FaultScript> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new WrongCall(
      `--script: ${path} cannot be read (${error.code}); name a fault script such as extender/fleet/tour.yaml`,
    );
  });
  return parsedValue(parseScript(path, text));
}

/**
 * The text of a configuration file as shipped, but acting, and without Events, which the built-in fleet does not
 * take: it is for that only, and names it.
 */
export function actingConfig(name: string): string {
  const text = embeddedAsset(join(SHIPPED_CONFIG, name));
  return text
    .replace(/^mode: observe$/m, 'mode: act')
    .replace(/^events: true$/m, 'events: false')
    .replace(/^# cluster: .*$/m, 'cluster: built-in-fleet');
}

export function shippedConfiguration(): {
  readonly profiles: readonly DeviceProfile[];
  readonly extender: ExtenderConfig;
} {
  const texts = new Map(CONFIG_FILES.map((name) => [name, actingConfig(name)] as const));
  return parsedValue(extenderDirectory(SHIPPED_CONFIG).parse(texts));
}

function parsedValue<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new WrongCall(parsed.problems.join('\n'));
}
