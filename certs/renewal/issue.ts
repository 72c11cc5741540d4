import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';

const { asn1, pki, util } = forge;
const { Class, Type } = asn1;

const SECONDS_PER_DAY = 86_400;
/** A peer whose clock runs behind must not find a fresh certificate "not yet valid". */
const BACKDATE_SECONDS = 3600;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
/** Type tags of GeneralName, RFC 5280 section 4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** A certificate and its private key, both PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface AuthorityOptions {
  readonly now: Date;
  /** Default 365 days, as cert-manager's CA for its own webhook. */
  readonly validDays?: number;
}

export interface ServingOptions extends AuthorityOptions {
  readonly authority: Pair;
  /** DNS names and IP addresses that clients dial; the first one is also the common name. */
  readonly hosts: readonly string[];
}

/** A self-signed certificate authority with a P-256 key. */
export function issueAuthority({ now, validDays = 365 }: AuthorityOptions): Pair {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identifier = keyIdentifier(keys.publicKey);
  return assemble({
    subject: 'surefoot-ca',
    issuer: 'surefoot-ca',
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
    signingKey: keys.privateKey,
    ...validity(now, validDays),
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      {
        name: 'keyUsage',
        critical: true,
        keyCertSign: true,
        cRLSign: true,
        digitalSignature: true,
      },
      ...keyIdentifierExtensions(identifier, identifier),
    ],
  });
}

/**
 * A serving pair signed by `authority`, valid 90 days unless told.
 * Throws when no host is given: a certificate without a name is refused by every client.
 */
export function issueServingPair({ authority, hosts, now, validDays = 90 }: ServingOptions): Pair {
  const [commonName] = hosts;
  if (commonName === undefined) {
    throw new Error('a serving certificate needs at least one DNS name or IP address; give one');
  }
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = new X509Certificate(authority.certificate);
  return assemble({
    subject: commonName.slice(0, 64),
    issuer: 'surefoot-ca',
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
    signingKey: authority.key,
    ...validity(now, validDays),
    extensions: [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) =>
          isIP(host) === 0 ? { type: DNS_NAME, value: host } : { type: IP_ADDRESS, ip: host },
        ),
      },
      ...keyIdentifierExtensions(
        keyIdentifier(keys.publicKey),
        keyIdentifier(createPublicKey(issuer.publicKey.export({ type: 'spki', format: 'pem' }))),
      ),
    ],
  });
}

interface Assembly {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly signingKey: KeyObject | string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly object[];
}

/**
 * Lays out an X.509 v3 certificate (RFC 5280). node-forge gives the ASN.1; it knows no elliptic
 * curves, so the public key goes in as bytes and the signature comes from node:crypto.
 */
function assemble(parts: Assembly): Pair {
  const template = pki.createCertificate();
  template.setSubject([{ name: 'commonName', value: parts.subject }]);
  template.setIssuer([{ name: 'commonName', value: parts.issuer }]);
  template.setExtensions([...parts.extensions]);

  const algorithm = sequence([objectIdentifier(ECDSA_WITH_SHA256)]);
  const body = sequence([
    asn1.create(Class.CONTEXT_SPECIFIC, 0, true, [integer('\x02')]),
    integer(randomSerial()),
    algorithm,
    pki.distinguishedNameToAsn1(template.issuer),
    sequence([time(parts.notBefore), time(parts.notAfter)]),
    pki.distinguishedNameToAsn1(template.subject),
    asn1.fromDer(parts.publicKey.export({ type: 'spki', format: 'der' }).toString('binary')),
    asn1.create(Class.CONTEXT_SPECIFIC, 3, true, [sequence(template.extensions.map(extension))]),
  ]);
  const signature = sign(
    'sha256',
    Buffer.from(asn1.toDer(body).getBytes(), 'binary'),
    parts.signingKey,
  );
  const certificate = sequence([
    body,
    algorithm,
    asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\x00${signature.toString('binary')}`),
  ]);
  const der = Buffer.from(asn1.toDer(certificate).getBytes(), 'binary');
  return {
    certificate: new X509Certificate(der).toString(),
    key: parts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - BACKDATE_SECONDS * 1000),
    notAfter: new Date(now.getTime() + days * SECONDS_PER_DAY * 1000),
  };
}

/** 128 random bits with the sign bit off: positive, and never twice the same. */
function randomSerial(): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial.toString('binary');
}

/** RFC 5280 section 4.2.1.2, method 1: SHA-1 of the public key's bits. An identifier, not a seal. */
function keyIdentifier(publicKey: KeyObject): string {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.from([4]),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  return createHash('sha1').update(point).digest('binary');
}

/** Both identifiers, so that a verifier finds the right CA while an old and a new one overlap. */
function keyIdentifierExtensions(subject: string, authority: string): readonly object[] {
  const subjectValue = asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, subject);
  const authorityValue = sequence([asn1.create(Class.CONTEXT_SPECIFIC, 0, false, authority)]);
  return [
    { id: SUBJECT_KEY_IDENTIFIER, value: asn1.toDer(subjectValue).getBytes() },
    { id: AUTHORITY_KEY_IDENTIFIER, value: asn1.toDer(authorityValue).getBytes() },
  ];
}

interface FilledExtension {
  readonly id: string;
  readonly critical?: boolean;
  readonly value: string | forge.asn1.Asn1;
}

/** `template.extensions` as node-forge fills them in: the value is DER already. */
function extension({ id, critical, value }: FilledExtension): forge.asn1.Asn1 {
  const der = typeof value === 'string' ? value : asn1.toDer(value).getBytes();
  return sequence([
    objectIdentifier(id),
    ...(critical ? [asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, '\xff')] : []),
    asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, der),
  ]);
}

function objectIdentifier(id: string): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(id).getBytes());
}

function sequence(children: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, children);
}

function integer(bytes: string): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, util.createBuffer(bytes).getBytes());
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
function time(date: Date): forge.asn1.Asn1 {
  return date.getUTCFullYear() < 2050
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}
