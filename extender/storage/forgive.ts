import type { KubeConfig } from '@kubernetes/client-node';
import { parseJsonText } from '../../certs/serving/json.ts';
import { deviceHistories } from './api.ts';
import type { DeviceHistory } from './schema.ts';

/** On a DeviceHistory: forgive what is in it. Who may write it there is a matter of RBAC. */
export const FORGIVE = 'surefoot.dev/forgive';

export interface Forgiveness {
  readonly reason: string;
  /** One device only. */
  readonly device?: string;
}

const LONGEST_REASON = 512;

/** What an object's annotation asks for: `{"reason": "...", "device": "..."}`, or a reason alone. */
export function forgivenessIn({ metadata }: DeviceHistory): Forgiveness | undefined {
  const text = metadata.annotations?.[FORGIVE];
  if (text === undefined) return undefined;
  const { reason, device } = parsed(text);
  return {
    reason: (typeof reason === 'string' ? reason : text).slice(0, LONGEST_REASON),
    ...(typeof device === 'string' && { device }),
  };
}

/** The text of the annotation. */
export function forgivenessText(forgiveness: Forgiveness): string {
  return JSON.stringify(forgiveness);
}

/** Takes the annotation away, once it is done. */
export async function withoutForgiveness(config: KubeConfig, name: string): Promise<void> {
  await deviceHistories(config).jsonPatch(name, [
    { op: 'remove', path: `/metadata/annotations/${FORGIVE.replace('/', '~1')}` },
  ]);
}

function parsed(text: string): { readonly reason?: unknown; readonly device?: unknown } {
  const value = parseJsonText(text);
  return typeof value === 'object' && value !== null ? value : {};
}
