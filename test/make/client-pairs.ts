import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { directoryWith } from '../fake/directory.ts';

const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', [...args]);
const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority as a cluster's, by OpenSSL, and the pairs that it signs for clients. */
export class ClientAuthority {
  readonly #directory: string;
  /** Where its certificate is. */
  readonly path: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'clients-ca.crt');
  }

  /** In a directory, or in one that is gone when the test ends. */
  static async make(directory?: string): Promise<ClientAuthority> {
    const made = new ClientAuthority(directory ?? (await directoryWith()));
    const key = join(made.#directory, 'clients-ca.key');
    const files = ['-keyout', key, '-out', made.path];
    await openssl('req', '-x509', ...P256, '-days', '1', '-subj', '/CN=kubernetes', ...files);
    return made;
  }

  /** Paths of the pair of a client of this common name. */
  async pairFor(name: string): Promise<{ readonly certFile: string; readonly keyFile: string }> {
    const at = (file: string) => join(this.#directory, `${name.replaceAll(':', '-')}.${file}`);
    const files = ['-keyout', at('key'), '-out', at('crt')];
    const signed = ['-CA', this.path, '-CAkey', join(this.#directory, 'clients-ca.key')];
    const forClients = ['-addext', 'extendedKeyUsage=clientAuth'];
    const subject = ['-subj', `/CN=${name}`];
    await openssl(
      'req',
      '-x509',
      ...P256,
      '-days',
      '1',
      ...subject,
      ...forClients,
      ...signed,
      ...files,
    );
    return { certFile: at('crt'), keyFile: at('key') };
  }

  /** The same, as texts. */
  async pairOf(name: string): Promise<{ readonly cert: string; readonly key: string }> {
    const { certFile, keyFile } = await this.pairFor(name);
    return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  }
}
