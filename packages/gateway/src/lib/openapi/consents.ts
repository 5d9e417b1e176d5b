import * as z from 'zod';
import { operation } from './operation.ts';

/** The receipt a guest was given with the guest pass. */
export const receiptSchema = z.strictObject({
  receipt: z
    .string()
    .max(16_384, 'must have at most 16384 characters')
    .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'must be a JWS in compact form'),
});

export const consentKeySetSchema = z.object({
  keys: z.array(
    z.object({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      x: z.string(),
      kid: z.string().describe('The thumbprint of the key (RFC 7638).'),
      alg: z.literal('EdDSA'),
      use: z.literal('sig'),
    }),
  ),
});

const anybody = { tag: 'Consents', listener: 'public', role: 'anybody' } as const;

const problems = [
  'too_many_requests',
  'overloaded',
  'storage_unavailable',
  'http_malformed',
  'headers_too_large',
  'request_timeout',
  'not_found',
  'shutting_down',
  'internal_error',
] as const;

export const withdrawWithReceipt = operation({
  ...anybody,
  id: 'withdrawWithReceipt',
  method: 'post',
  path: '/v1/withdrawals',
  summary: 'Take a consent back, as the guest',
  description:
    'On the public listener of a gateway that has notices. It may be asked again. A receipt that was forged, made elsewhere or ' +
    'whose guest is erased is refused with one and the same answer.',
  body: receiptSchema,
  answers: { 204: { description: 'The consent is withdrawn; the endpoints are told with `consent.withdrawn`.' } },
  problems: [
    'body_invalid',
    'body_too_large',
    'unsupported_media_type',
    'request_invalid',
    'consent_receipt_invalid',
    'method_not_allowed',
    ...problems,
  ],
});

export const getConsentKeys = operation({
  ...anybody,
  id: 'getConsentKeys',
  method: 'get',
  path: '/v1/consent-keys',
  summary: 'The public keys that consent receipts are verified with',
  description: 'A JWK set (RFC 7517): the key in use and every one before it.',
  answers: {
    200: { description: 'The keys.', schema: consentKeySetSchema, mediaType: 'application/jwk-set+json' },
  },
  problems,
});
