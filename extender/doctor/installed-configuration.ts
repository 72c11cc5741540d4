import type { KubeConfig } from '@kubernetes/client-node';
import { configMaps } from '../../certs/cluster/config-maps.ts';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { webhookSchema } from '../../webhook/settings.ts';
import { installationSchema } from '../../webhook/words/installation.ts';
import { profilesSchema } from '../../webhook/words/profile.ts';
import { extenderSchema } from '../settings.ts';
import type { Configuration } from './seen.ts';

/** What the ConfigMap of an installation says; `undefined` where there is none. */
export async function installedConfiguration(
  config: KubeConfig,
  namespace: string,
): Promise<Configuration | undefined> {
  const found = await configMaps(config, namespace).find('surefoot');
  if (found === undefined) return undefined;
  const text = (name: string) => found.data?.[name] ?? '';
  const profiles = parseStrictYaml('profiles.yaml', text('profiles.yaml'), profilesSchema);
  const webhook = parseStrictYaml('webhook.yaml', text('webhook.yaml'), webhookSchema);
  const files = [
    profiles,
    webhook,
    parseStrictYaml('extender.yaml', text('extender.yaml'), extenderSchema),
  ];
  const installation = parseStrictYaml('surefoot.yaml', text('surefoot.yaml'), installationSchema);
  const names = profiles.ok ? profiles.value.profiles.map((one) => one.schedulerName) : [];
  const fallback = webhook.ok ? webhook.value.schedulerName : undefined;
  return {
    problems: [...files, installation].flatMap((one) => (one.ok ? [] : one.problems)),
    ...(installation.ok && { mode: installation.value.mode }),
    ...(installation.ok &&
      installation.value.cluster !== undefined && { cluster: installation.value.cluster }),
    profiles: profiles.ok ? profiles.value.profiles : [],
    schedulerNames: [...names, fallback].filter((name) => name !== undefined),
  };
}
