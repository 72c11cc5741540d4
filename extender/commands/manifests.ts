import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { configDirectory } from '../../certs/serving/config-directory.ts';
import { LastGood } from '../../certs/serving/last-good.ts';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import { mutatingAdmissionPolicies } from '../../webhook/admission-policy.ts';
import { type ClientConfigOf, mutatingWebhookConfiguration } from '../../webhook/registration.ts';
import { devicePatterns, profilesSchema } from '../../webhook/words/profile.ts';

export interface ManifestsOptions {
  readonly config: string;
  /** `NAMESPACE/NAME` of the webhook's Service. */
  readonly service: string;
  /** Instead of a Service: where the webhook is, such as `https://127.0.0.1:9443`. */
  readonly url?: string;
  /** File with the CA that signed the serving certificate, PEM. */
  readonly caFile?: string;
}

export type ManifestName = 'webhook' | 'policy';

/** The objects that follow from profiles.yaml, as YAML with a line that says how it was made. */
export async function manifestText(name: ManifestName, options: ManifestsOptions): Promise<string> {
  const config = await LastGood.loadForStart(
    configDirectory(options.config, { 'profiles.yaml': profilesSchema }),
  );
  const { profiles } = config.value['profiles.yaml'];
  const objects =
    name === 'webhook'
      ? [mutatingWebhookConfiguration(devicePatterns(profiles), await clientConfig(options))]
      : mutatingAdmissionPolicies(profiles);
  // Long expressions stay on one line, so that they can be searched for and compared.
  const documents = objects.map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return `# Made from profiles.yaml by: surefoot manifests ${name}\n${documents.join('---\n')}`;
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
