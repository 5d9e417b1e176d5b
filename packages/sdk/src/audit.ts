export { canonicalJson } from './lib/audit/canonical-json.ts';
export { type ChainHead, genesis, genesisHash, type Link, link, memoryChain } from './lib/audit/chain.ts';
export type {
  AuditEvent,
  AuditEventType,
  AuditRecord,
  AuditSink,
  GuestOutcomeEvent,
  GuestRequestedEvent,
} from './lib/audit/event.ts';
export type { Durability } from './lib/audit/group-commit.ts';
export { type JsonlAuditLog, type JsonlAuditLogOptions, jsonlAuditLog } from './lib/audit/jsonl.ts';
export type { LogFile, OpenLogFile } from './lib/audit/log-file.ts';
export { readAuditLines } from './lib/audit/log-lines.ts';
export {
  type AuditFault,
  type AuditFaultKind,
  type AuditProof,
  type VerifyOptions,
  verifyAuditLog,
} from './lib/audit/verify.ts';
