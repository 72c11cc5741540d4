import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { issueAuthority, issueServingPair } from '../../../certs/renewal/issue.ts';

const NOW = new Date('2026-06-01T12:00:00Z');
const HOSTS = ['surefoot-webhook.surefoot-system.svc', '127.0.0.1', '::1'];

const authority = issueAuthority({ now: NOW });
const serving = issueServingPair({ authority, hosts: HOSTS, now: NOW });
const ca = new X509Certificate(authority.certificate);
const leaf = new X509Certificate(serving.certificate);

describe('a serving pair', () => {
  test('is signed by its CA and by no other', () => {
    const other = new X509Certificate(issueAuthority({ now: NOW }).certificate);
    expect(ca.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(other.publicKey)).toBe(false);
  });

  test('names its hosts', () => {
    expect(leaf.checkHost('surefoot-webhook.surefoot-system.svc')).toBeDefined();
    expect(leaf.checkHost('example.com')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.subjectAltName).toBe(
      'DNS:surefoot-webhook.surefoot-system.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
  });

  test('is backdated an hour, and valid 90 days', () => {
    expect(new Date(leaf.validFrom)).toEqual(new Date('2026-06-01T11:00:00Z'));
    expect(new Date(leaf.validTo)).toEqual(new Date('2026-08-30T12:00:00Z'));
    expect(new Date(ca.validTo)).toEqual(new Date('2027-06-01T12:00:00Z'));
  });

  test('has a P-256 key of its own and a serial that never repeats', () => {
    const again = issueServingPair({ authority, hosts: HOSTS, now: NOW });
    expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new X509Certificate(again.certificate).serialNumber).not.toBe(leaf.serialNumber);
    expect(again.key).not.toBe(serving.key);
  });

  test('outlives 2050, where the encoding of time changes', () => {
    const late = issueAuthority({ now: NOW, validDays: 365 * 30 });
    expect(new Date(new X509Certificate(late.certificate).validTo).getUTCFullYear()).toBe(2056);
  });

  test('needs a host', () => {
    expect(() => issueServingPair({ authority, hosts: [], now: NOW })).toThrow(
      'a serving certificate needs at least one DNS name or IP address; give one',
    );
  });
});
