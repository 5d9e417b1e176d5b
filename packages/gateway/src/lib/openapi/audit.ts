import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { consentRecordSchema } from './consent-record.ts';
import { givenInstant, instant, line } from './line.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, wholeNumber } from './query.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

/** One record of the audit log. */
export const auditRecordSchema = z.object({
  sequence: z.int(),
  eventType: z.string(),
  attemptId: z.string().nullable(),
  guestId: z.string().nullable().describe('The guest that was let in, which `line` holds sealed; null once erased.'),
  opened: z
    .looseObject({
      guestId: z.string().optional(),
      correlationId: z.string().optional(),
      detail: z.string().optional(),
      consent: consentRecordSchema.optional(),
    })
    .nullable()
    .describe('What `line` holds sealed, as long as the guest is not erased.'),
  recordedAt: instant,
  line: z.string().describe('The record as it was hashed and as it is exported.'),
  previousHash: hash,
  hash,
  damage: z.string().nullable().describe('What is wrong with the record by itself; null for a sound one.'),
});

export type AuditRecordView = z.infer<typeof auditRecordSchema>;

export const auditPageSchema = pageOf(auditRecordSchema);

const tag = 'Audit';

const eventType = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be the type of an audit event')
  .describe('Such as `WEBMESSAGING_GUEST_AUTHENTICATED`.');

export const listAudit = operation({
  id: 'listAuditRecords',
  method: 'get',
  path: '/v1/audit',
  tag,
  role: 'auditor',
  summary: 'List audit records, newest first',
  description: 'Each reading of the audit log is a record of it too.',
  query: z.strictObject({
    ...pageQuery,
    type: eventType.optional(),
    attempt: attemptId.optional(),
  }),
  answers: { 200: { description: 'A page of records.', schema: auditPageSchema } },
});

export const chainHeadSchema = z.strictObject({
  sequence: z.int('must be a whole number').min(0, 'must be at least 0'),
  hash,
});

export const verificationRequestSchema = z.strictObject({
  expectedHead: chainHeadSchema
    .optional()
    .describe('A head of this log that was kept elsewhere. Default the one that the database holds.'),
});

const soundLogSchema = z.object({
  ok: z.literal(true),
  records: z.int(),
  after: chainHeadSchema.describe('The record that the first one follows: the last one archived, or sequence 0.'),
  firstHash: hash.nullable(),
  lastHash: hash.nullable(),
  head: chainHeadSchema,
  durationMs: z.number(),
});

const faultyLogSchema = z.object({
  ok: z.literal(false),
  line: z.int().describe('Where the first bad record stands, or the first missing one should.'),
  sequence: z.int(),
  kind: z.enum([
    'malformed',
    'edited',
    'missing',
    'reordered',
    'duplicate',
    'inserted',
    'truncated',
    'rewritten',
    'checkpoint',
  ]),
  detail: z.string(),
  durationMs: z.number(),
});

/** What a check of the whole log found. */
export const verificationSchema = z.discriminatedUnion('ok', [soundLogSchema, faultyLogSchema]);

export const verifyAudit = operation({
  id: 'verifyAuditLog',
  method: 'post',
  path: '/v1/audit/verifications',
  tag,
  role: 'auditor',
  summary: 'Check the whole audit log now',
  body: verificationRequestSchema,
  answers: { 200: { description: 'What was found, a fault included.', schema: verificationSchema } },
});

const exportFormat = z.enum(['jsonl', 'csv']);

const exportFields = {
  format: exportFormat.optional().describe('JSON lines as they were hashed, which is the default, or a table.'),
  from: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional().describe('The first sequence. Default 1.'),
  to: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional().describe('The last sequence. Default the last there is.'),
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The last sequence that is there already, in place of `from`: goes on with an export that broke off.'),
  guest: line(256).optional().describe('Only records of the attempts that let this guest in.'),
  attempt: attemptId.optional().describe('Only records of this attempt.'),
  type: eventType.optional().describe('Only records of this type.'),
  since: givenInstant.optional().describe('Only records of this instant or later.'),
  until: givenInstant.optional().describe('Only records from before this instant.'),
};

const exportQuery = z
  .strictObject(exportFields)
  .refine(({ from, after }) => from === undefined || after === undefined, {
    path: ['after'],
    error: 'must not be given together with from',
  })
  .refine(({ guest, attempt }) => guest === undefined || attempt === undefined, {
    path: ['attempt'],
    error: 'must not be given together with guest',
  });

export const exportAudit = operation({
  id: 'exportAuditLog',
  method: 'get',
  path: '/v1/audit/export',
  tag,
  role: 'auditor',
  summary: 'Export the audit log',
  description:
    'Records in order, as they stand when the export begins. A transfer that breaks off is cut, so that it cannot pass for a whole one; ' +
    '`after` goes on behind its last whole line, and the parts are checked together by their manifests. ' +
    'A filtered export shows that each record is sound, and not that none is missing between them.',
  query: exportQuery,
  answers: {
    200: {
      description: 'The records.',
      mediaType: ['application/x-ndjson', 'text/csv'],
      schema: z.string(),
      headers: { Link: 'Where the manifest of this very export is, `rel="describedby"`.' },
    },
  },
  problems: ['subject_not_found'],
});

/** What an exported file is. */
export const exportManifestSchema = z.object({
  format: exportFormat,
  from: z.int(),
  to: z.int(),
  filter: z
    .object({
      attemptIds: z.array(attemptId).optional(),
      eventTypes: z.array(z.string()).optional(),
      since: instant.optional(),
      until: instant.optional(),
    })
    .optional()
    .describe('What was asked for, when it is not every record of the range.'),
  count: z.int().describe('Records in the file.'),
  previousHash: hash.nullable().describe('Hash of the record before the first.'),
  firstHash: hash.nullable(),
  lastHash: hash.nullable(),
  bytes: z.int(),
  sha256: hash.describe('Of the file.'),
  head: chainHeadSchema.describe('Where the log stood.'),
  checkpoint: z.looseObject({}).nullable().describe('The last signed checkpoint of the log.'),
  genesis: z
    .looseObject({})
    .optional()
    .describe('Where the log began, when its oldest part is archived: the signed checkpoint of the record before.'),
  generatedAt: instant,
  tool: z.string(),
  kid: z.string().optional(),
  signature: z.string().optional().describe('Ed25519, by the key of the checkpoints.'),
});

export const describeExport = operation({
  id: 'describeAuditExport',
  method: 'get',
  path: '/v1/audit/export/manifest',
  tag,
  role: 'auditor',
  summary: 'Tell what an exported file is: its range, size and hashes',
  description: 'Reads what the export reads, so that the file and its manifest can be compared.',
  query: exportQuery,
  answers: { 200: { description: 'The manifest.', schema: exportManifestSchema } },
  problems: ['subject_not_found'],
});
