import { guestPayloadSchema } from 'guestpass/contract';
import * as z from 'zod';
import { attemptDetailSchema, attemptPageSchema, attemptSchema } from './attempts.ts';
import {
  auditPageSchema,
  auditRecordSchema,
  chainHeadSchema,
  exportManifestSchema,
  verificationRequestSchema,
  verificationSchema,
} from './audit.ts';
import { consentRecordSchema } from './consent-record.ts';
import { consentKeySetSchema, receiptSchema } from './consents.ts';
import {
  deliveryDetailSchema,
  deliveryPageSchema,
  deliverySchema,
  reasonSchema,
  replayFilterSchema,
  replayResultSchema,
  replaySchema,
  trySchema,
} from './deliveries.ts';
import {
  createdEndpointSchema,
  disablingSchema,
  enabledEndpointSchema,
  enablingSchema,
  endpointChangeSchema,
  endpointListSchema,
  endpointSchema,
  newEndpointSchema,
  rotatedSecretSchema,
  rotationSchema,
} from './endpoints.ts';
import { erasureResultSchema, erasureSchema } from './erasures.ts';
import { errorCodeListSchema, errorCodeSchema } from './error-codes.ts';
import { challengeSchema, guestPassSchema } from './guests.ts';
import { aliveSchema, readinessSchema, startupSchema } from './health.ts';
import { heldSchema, holdChangeSchema, holdPageSchema, holdSchema } from './holds.ts';
import { operatorSchema } from './operator-sessions.ts';
import { signInWaySchema } from './operator-sign-in.ts';
import { problemSchema } from './problem.ts';
import { deliveryNewsSchema, streamDataSchema } from './stream.ts';
import { withdrawalSchema, withdrawnSchema } from './withdrawals.ts';

/** The schemas that have a name in the description of the API. */
const named: Readonly<Record<string, z.ZodType>> = {
  GuestPayload: guestPayloadSchema,
  GuestPass: guestPassSchema,
  CaptchaChallenge: challengeSchema,
  Attempt: attemptSchema,
  AttemptDetail: attemptDetailSchema,
  ConsentRecord: consentRecordSchema,
  AttemptPage: attemptPageSchema,
  Delivery: deliverySchema,
  DeliveryTry: trySchema,
  DeliveryDetail: deliveryDetailSchema,
  DeliveryPage: deliveryPageSchema,
  DeliveryNews: deliveryNewsSchema,
  StreamData: streamDataSchema,
  DeliveryReplay: reasonSchema,
  ReplayFilter: replayFilterSchema,
  Replay: replaySchema,
  ReplayResult: replayResultSchema,
  Endpoint: endpointSchema,
  EndpointList: endpointListSchema,
  NewEndpoint: newEndpointSchema,
  CreatedEndpoint: createdEndpointSchema,
  EndpointChange: endpointChangeSchema,
  SecretRotation: rotationSchema,
  RotatedSecret: rotatedSecretSchema,
  EndpointEnabling: enablingSchema,
  EnabledEndpoint: enabledEndpointSchema,
  EndpointDisabling: disablingSchema,
  AuditRecord: auditRecordSchema,
  AuditPage: auditPageSchema,
  ChainHead: chainHeadSchema,
  VerificationRequest: verificationRequestSchema,
  Verification: verificationSchema,
  ExportManifest: exportManifestSchema,
  Erasure: erasureSchema,
  ErasureResult: erasureResultSchema,
  Hold: holdSchema,
  HoldPage: holdPageSchema,
  HoldChange: holdChangeSchema,
  Held: heldSchema,
  Withdrawal: withdrawalSchema,
  Withdrawn: withdrawnSchema,
  ReceiptWithdrawal: receiptSchema,
  ConsentKeySet: consentKeySetSchema,
  Operator: operatorSchema,
  OperatorSignIn: signInWaySchema,
  ErrorCode: errorCodeSchema,
  ErrorCodeList: errorCodeListSchema,
  Alive: aliveSchema,
  Readiness: readinessSchema,
  Startup: startupSchema,
  Problem: problemSchema,
};

export type JsonSchema = Readonly<Record<string, unknown>>;

const prefix = '#/components/schemas/';

/** The named schemas as JSON Schema 2020-12, referring to each other by name. */
export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: 'draft-2020-12',
    // What a caller may send; answers have no defaults, and may grow.
    io: 'input',
    uri: (id) => `${prefix}${id}`,
    unrepresentable: ({ path }) => (path.at(-1) === 'attributes' ? attributes : undefined),
  });
  return Object.fromEntries(
    // Each is where its name says; the draft is that of the whole document.
    Object.entries(schemas).map(([name, { $id, $schema, ...schema }]) => [name, schema]),
  );
}

/** Attributes are checked by code. */
const attributes = {
  type: 'object' as const,
  maxProperties: 32,
  propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' },
  description: 'JSON values: at most 32 names, 8 KiB as JSON, nested 4 deep.',
};

/** How the description refers to a schema: by its name, or by telling it in place when it has none. */
export function referTo(schema: z.ZodType): JsonSchema {
  const name = Object.keys(named).find((one) => named[one] === schema);
  return name === undefined ? inPlace(schema) : { $ref: `${prefix}${name}` };
}

/** A schema that has no name. */
export function inPlace(schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
  return rest;
}
