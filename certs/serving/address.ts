import { WrongCall } from './lifecycle.ts';

/** Where a server listens. An empty host means every address of the machine. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/;

/** Reads `ADDR:PORT`, `:PORT` or `[V6]:PORT`. Throws WrongCall with what would be right. */
export function parseAddress(flag: string, text: string): Address {
  const match = ADDRESS.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new WrongCall(
      `${flag}: "${text}" is not an address; write ADDR:PORT, such as 127.0.0.1:9090, or :9443 for every address`,
    );
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

/** The address as a URL's host part. */
export function hostPort({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
