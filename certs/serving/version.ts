import { embeddedAsset } from './embedded-assets.ts';

/** The version of Surefoot, such as `0.2.0`. */
export function surefootVersion(): string {
  return (JSON.parse(embeddedAsset('package.json')) as { version: string }).version;
}
