import { readFile } from 'node:fs/promises';
import type { ControlPlane } from './control-plane.ts';

/** A line of the audit log: what somebody asked the API server for. */
export interface Asked {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
}

/** What the account of a component of ours has asked for so far, in its order. */
export async function askedBy(
  { auditPath }: Pick<ControlPlane, 'auditPath'>,
  component: 'extender' | 'certs' | 'release',
): Promise<readonly Asked[]> {
  const lines = (await readFile(auditPath, 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as Asked)
    .filter(({ user }) => user.username.endsWith(`:surefoot-${component}`));
}
