import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../certs/serving/address.ts';

describe('parseAddress', () => {
  const rows: readonly (readonly [string, { host: string; port: number }])[] = [
    ['127.0.0.1:9090', { host: '127.0.0.1', port: 9090 }],
    [':9443', { host: '', port: 9443 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:9443', { host: '::1', port: 9443 }],
  ];
  test.each(rows)('%s', (text, address) => {
    expect(parseAddress('--listen', text)).toEqual(address);
  });

  test.each(['9443', '127.0.0.1', ':', ':99999', '::1:9443', 'a:b', ''])('refuses %j', (text) => {
    expect(() => parseAddress('--listen', text)).toThrow(
      `--listen: "${text}" is not an address; write ADDR:PORT, such as 127.0.0.1:9090, or :9443 for every address`,
    );
  });
});
