import { createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { loadX509 } from './load-x509.ts';

/** A certificate and its private key, each as PEM. */
export interface Identity {
  readonly certificate: string;
  /** PKCS #8. */
  readonly privateKey: string;
}

/** A certificate for a server, as long as it is good. */
export interface ServerIdentity extends Identity {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Who a certificate is made for, and when. */
export interface ServerNames {
  /** Host names, such as `login.example.test` or `*.example.test`, and IP addresses. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const authorityDays = 365;
const serverDays = 7;

const p256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Makes a certificate authority (ECDSA P-256, RFC 5280) that signs certificates of servers alone, good for a year. */
export async function createAuthority(now: number): Promise<Identity> {
  const x509 = await loadX509();
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['Guestpass development CA'] }],
    keys,
    signingAlgorithm,
    notBefore: new Date(now - hourMs),
    notAfter: new Date(now + authorityDays * dayMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemText(certificate.toString('pem')), privateKey: await privatePem(keys) };
}

/** Makes a certificate for a server, good for a week, and never longer than the authority. */
export async function issueFor(authority: Identity, { names, now }: ServerNames): Promise<ServerIdentity> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await createKeys();
  const notAfter = new Date(Math.min(now + serverDays * dayMs, issuer.notAfter.getTime()));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: ['Guestpass simulator'] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await readSigningKey(authority.privateKey),
    signingAlgorithm,
    // A clock that is a little behind must not refuse it.
    notBefore: new Date(now - hourMs),
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: pemText(certificate.toString('pem')),
    privateKey: await privatePem(keys),
    expiresAt: notAfter.getTime(),
  };
}

function createKeys() {
  return webcrypto.subtle.generateKey(p256, true, ['sign', 'verify']);
}

async function privatePem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function readSigningKey(pem: string) {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, p256, false, ['sign']);
}

function pemText(pem: string): string {
  return `${pem.trim()}\n`;
}
