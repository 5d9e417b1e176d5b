import { guestPayloadSchema } from 'guestpass/contract';
import * as z from 'zod';
import type { ProblemCode } from '../http/problem-table.ts';
import { attemptId } from './attempt-id.ts';
import { instant } from './line.ts';
import { operation } from './operation.ts';

/** What a website gets for a guest that was let in. */
export const guestPassSchema = z.object({
  attemptId,
  guestId: z.string(),
  channelId: z.string(),
  sessionToken: z.string().describe('A bearer secret: whoever holds it is the guest.'),
  expiresAt: instant.nullable().describe('Null when the platform names no end.'),
  connect: z
    .object({ url: z.string(), deploymentId: z.string() })
    .nullable()
    .describe('Where the session is spoken to; null when the platform names no address.'),
  signedIn: z
    .object({
      jwt: z.string().describe('A bearer secret that proves who the guest is.'),
      refreshToken: z.string().nullable().describe('Gets the next JWT; null when the platform gave none.'),
      expiresAt: instant.nullable().describe('When the JWT ends; null when nobody knows.'),
    })
    .optional()
    .describe('There when the guest signed in.'),
  consentReceipt: z
    .string()
    .optional()
    .describe(
      'There when the channel has notices: to what the guest consented, as a JWS in compact form (RFC 7515, `EdDSA`), to be handed to the guest. `GET /v1/consent-keys` tells what verifies it.',
    ),
});

/** Everything that may keep a guest out, and what may befall the request before. */
const problems: readonly ProblemCode[] = [
  'payload_invalid',
  'body_invalid',
  'body_too_large',
  'unsupported_media_type',
  'consent_required',
  'consent_timestamp_invalid',
  'consent_timestamp_stale',
  'consent_timestamp_future',
  'consent_notice_unknown',
  'captcha_required',
  'captcha_score_too_low',
  'captcha_rejected',
  'captcha_reused',
  'captcha_unavailable',
  'channel_not_allowed',
  'origin_not_allowed',
  'idempotency_key_invalid',
  'idempotency_key_reused',
  'idempotency_in_progress',
  'too_many_requests',
  'credentials_rejected',
  'unauthorized',
  'sign_in_rejected',
  'forbidden',
  'endpoint_not_found',
  'request_rejected',
  'rate_limited',
  'platform_unavailable',
  'platform_response_invalid',
  'outcome_unknown',
  'deadline_exceeded',
  'aborted',
  'overloaded',
  'storage_unavailable',
  'http_malformed',
  'headers_too_large',
  'request_timeout',
  'method_not_allowed',
  'shutting_down',
  'internal_error',
];

export const authenticateGuest = operation({
  id: 'authenticateGuest',
  method: 'post',
  path: '/v1/guests',
  tag: 'Guests',
  summary: 'Let one guest in',
  description:
    'The intent is on record before the platform is called; the outcome, its audit record and the webhooks that tell of it are on record before the answer.',
  listener: 'public',
  role: 'anybody',
  headers: z.object({
    'Idempotency-Key': z
      .string()
      .regex(/^(?:[A-Za-z0-9_-]{16,128}|"[A-Za-z0-9_-]{16,128}")$/)
      .optional()
      .describe(
        'The same request may be sent again with the same key, for a day: it is answered as the first was. Some gateways require one (`GUESTPASS_REQUIRE_IDEMPOTENCY_KEY`).',
      ),
    traceparent: z
      .string()
      .optional()
      .describe('The trace the request belongs to (W3C Trace Context); default a new one.'),
    tracestate: z.string().optional().describe('What vendors add to that trace; passed on as it is.'),
  }),
  body: guestPayloadSchema,
  answers: {
    201: {
      description: 'The guest pass.',
      schema: guestPassSchema,
      headers: {
        'Server-Timing': 'Milliseconds of each stage.',
        'Idempotency-Replayed': '`true` when the answer is that of an earlier request with the same key.',
        traceparent: 'The trace of this request (W3C Trace Context).',
      },
    },
  },
  problems,
});

/** What the widget of ALTCHA takes. */
export const challengeSchema = z.object({
  parameters: z.looseObject({
    algorithm: z.string(),
    nonce: z.string(),
    salt: z.string(),
    cost: z.number(),
    keyLength: z.number(),
    keyPrefix: z.string(),
    expiresAt: z.number().optional().describe('Seconds since the Unix epoch.'),
  }),
  signature: z.string().optional(),
});

export const getChallenge = operation({
  id: 'getCaptchaChallenge',
  method: 'get',
  path: '/captcha/challenge',
  tag: 'Guests',
  summary: 'A fresh challenge for the captcha that needs no account',
  description: 'The solution goes into `captcha.response`, with `altcha` as the provider, and is good once.',
  listener: 'public',
  role: 'anybody',
  answers: { 200: { description: 'The challenge, as the ALTCHA widget takes it.', schema: challengeSchema } },
  problems: ['too_many_requests', 'overloaded', 'http_malformed', 'shutting_down', 'internal_error'],
});
