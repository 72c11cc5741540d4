import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { LastGoodOptions } from './last-good.ts';
import { mountedVersion } from './mounted.ts';
import { type Parsed, parseStrictYaml } from './strict-yaml.ts';

/** File name to schema: what a program reads of the configuration directory. */
export type ConfigSchemas = Readonly<Record<string, z.ZodType>>;
export type Config<Schemas extends ConfigSchemas> = {
  readonly [Name in keyof Schemas]: z.output<Schemas[Name]>;
};

/** How a value is read of a directory, and read again. */
export type ConfigReader<Value> = Pick<
  LastGoodOptions<ReadonlyMap<string, string>, Value>,
  'read' | 'fingerprint' | 'parse'
>;

/** The same files, as what a program makes of them. */
export function combined<From, To>(
  files: ConfigReader<From>,
  combine: (value: From) => To,
): ConfigReader<To> {
  return {
    ...files,
    parse(texts) {
      const parsed = files.parse(texts);
      return parsed.ok ? { ok: true, value: combine(parsed.value) } : parsed;
    },
  };
}

/**
 * How a program reads its part of the configuration directory: all its files or none, so that a
 * half-finished edit of two files never comes into force. A file may be missing if `absent` has its text.
 */
export function configDirectory<Schemas extends ConfigSchemas>(
  directory: string,
  schemas: Schemas,
  absent: Readonly<Record<string, string>> = {},
): ConfigReader<Config<Schemas>> {
  const names = Object.keys(schemas);
  return {
    async read() {
      const version = await mountedVersion(directory);
      const texts = new Map<string, string>();
      for (const name of names) {
        texts.set(name, await readConfigFile(directory, version, name, absent[name]));
      }
      return texts;
    },
    fingerprint(texts) {
      const hash = createHash('sha256');
      for (const [name, text] of texts) hash.update(name).update('\0').update(text).update('\0');
      return hash.digest('hex');
    },
    parse(texts): Parsed<Config<Schemas>> {
      const problems: string[] = [];
      const values: Record<string, unknown> = {};
      for (const name of names) {
        const text = texts.get(name) ?? '';
        const parsed = parseStrictYaml(name, text, schemas[name] as z.ZodType);
        if (parsed.ok) values[name] = parsed.value;
        else problems.push(...parsed.problems);
      }
      return problems.length === 0
        ? { ok: true, value: values as Config<Schemas> }
        : { ok: false, problems };
    },
  };
}

async function readConfigFile(
  directory: string,
  version: string,
  name: string,
  absent: string | undefined,
): Promise<string> {
  try {
    return await readFile(join(version, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && absent !== undefined) return absent;
    throw new Error(
      `${join(directory, name)}: cannot be read (${code}); --config names the directory that holds it, as manifests/base/config does`,
    );
  }
}
