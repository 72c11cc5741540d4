import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { configDirectory } from '../../../certs/serving/config-directory.ts';
import { LastGood } from '../../../certs/serving/last-good.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { mutatingAdmissionPolicies } from '../../../webhook/registration/admission-policy.ts';
import {
  type ClientConfigOf,
  mutatingWebhookConfiguration,
} from '../../../webhook/registration/registration.ts';
import { matchesDevicePattern } from '../../../webhook/words/device.ts';
import {
  DEVICE_PATTERN,
  type DeviceProfile,
  devicePatterns,
  profilesSchema,
} from '../../../webhook/words/profile.ts';
import { exactNames } from '../../registration/exact-names.ts';
import { type Reach, schedulerFile } from '../../registration/scheduler-file.ts';
import { deviceHistoryDefinition } from '../../storage/custom-resource.ts';

export interface ManifestsOptions {
  /** Directory with profiles.yaml, for what follows from it. */
  readonly config?: string;
  /** `NAMESPACE/NAME` of the webhook's Service. */
  readonly service: string;
  /** Instead of a Service: where the webhook is, such as `https://127.0.0.1:9443`. */
  readonly url?: string;
  /** File with the CA that signed the serving certificate, PEM. */
  readonly caFile?: string;
  /** How the scheduler reaches the extender; default: loopback. */
  readonly reach?: Reach;
  /** Exact names of further resources whose pods are scored. */
  readonly resource?: readonly string[];
  /** Whether the scheduler asks for every pod. */
  readonly everyPod?: boolean;
}

export type ManifestName = 'webhook' | 'policy' | 'devicehistory' | 'scheduler';

/** The objects that Surefoot makes itself, as YAML with a line that says how it was made. */
export async function manifestText(name: ManifestName, options: ManifestsOptions): Promise<string> {
  if (name === 'devicehistory') {
    return `# Made by: surefoot manifests devicehistory\n${yamlOf([deviceHistoryDefinition()])}`;
  }
  if (options.config === undefined) {
    throw new WrongCall(`--config: ${name} follows from profiles.yaml; name its directory`);
  }
  const config = await LastGood.loadForStart(
    configDirectory(options.config, { 'profiles.yaml': profilesSchema }),
  );
  const { profiles } = config.value['profiles.yaml'];
  if (name === 'scheduler') return schedulerText(profiles, options);
  const objects =
    name === 'webhook'
      ? [mutatingWebhookConfiguration(devicePatterns(profiles), await clientConfig(options))]
      : mutatingAdmissionPolicies(profiles);
  return `# Made from profiles.yaml by: surefoot manifests ${name}\n${yamlOf(objects)}`;
}

/** Pods that ask by resource claims are known by no resource: where a profile is for them, every pod costs a question. */
function schedulerText(
  profiles: readonly DeviceProfile[],
  { reach = 'loopback', resource = [], everyPod = false }: ManifestsOptions,
): string {
  const made = '# Made from profiles.yaml by: surefoot manifests scheduler\n';
  if (everyPod || profiles.some(({ resourceClaims }) => resourceClaims)) {
    return made + schedulerFile(reach, undefined);
  }
  const odd = resource.find((name) => !DEVICE_PATTERN.test(name) || name.endsWith('*'));
  if (odd !== undefined) {
    throw new WrongCall(
      `--resource: "${odd}" is no extended resource; write its exact name, such as example.com/npu`,
    );
  }
  const { names, unknown } = exactNames(devicePatterns(profiles));
  const unnamed = unknown.filter(
    (pattern) => !resource.some((name) => matchesDevicePattern(pattern, name)),
  );
  if (unnamed.length > 0) {
    throw new WrongCall(
      `profiles.yaml: which resources ${unnamed.join(', ')} stands for is not known here, and a scheduler takes exact names; name each with --resource, or let it ask for every pod with --every-pod`,
    );
  }
  return made + schedulerFile(reach, [...new Set([...names, ...resource])]);
}

/** Long expressions stay on one line, so that they can be searched for and compared. */
function yamlOf(objects: readonly object[]): string {
  return objects
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

async function clientConfig({ service, url, caFile }: ManifestsOptions): Promise<ClientConfigOf> {
  const caBundle = caFile === undefined ? {} : { caBundle: await base64Of(caFile) };
  if (url !== undefined)
    return (path) => ({ url: `${url.replace(/\/$/, '')}${path}`, ...caBundle });
  const [namespace, name, ...rest] = service.split('/');
  if (!namespace || !name || rest.length > 0) {
    throw new WrongCall(
      `--service: "${service}" is not NAMESPACE/NAME, such as surefoot-system/surefoot-webhook`,
    );
  }
  return (path) => ({ service: { namespace, name, path, port: 443 }, ...caBundle });
}

async function base64Of(path: string): Promise<string> {
  try {
    return (await readFile(path)).toString('base64');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new WrongCall(
      `--ca-file: ${path} cannot be read (${code}); name the ca.crt that surefoot certs has made`,
    );
  }
}
