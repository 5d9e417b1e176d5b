export type { AuditFault, AuditFaultKind } from './lib/audit/audit-fault.ts';
export { canonicalJson } from './lib/audit/canonical-json.ts';
export { type ChainHead, genesis, genesisHash, type Link, link, memoryChain } from './lib/audit/chain.ts';
export {
  type Checkpoint,
  type CheckpointClaim,
  checkpointFault,
  hashOfCheckpoint,
  noCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
  signRotation,
} from './lib/audit/checkpoint.ts';
export { type CheckpointFile, type CheckpointFileOptions, openCheckpointFile } from './lib/audit/checkpoint-file.ts';
export {
  type CheckpointKey,
  type CheckpointPublicKey,
  createCheckpointKeyFiles,
  generateCheckpointKey,
  loadCheckpointKey,
  loadCheckpointPublicKeys,
  parseCheckpointKey,
  parseCheckpointPublicKeys,
} from './lib/audit/checkpoint-keys.ts';
export type {
  AuditEvent,
  AuditEventType,
  AuditRecord,
  AuditSink,
  GuestOutcomeEvent,
  GuestRequestedEvent,
} from './lib/audit/event.ts';
export { type JsonlAuditLog, type JsonlAuditLogOptions, jsonlAuditLog } from './lib/audit/jsonl.ts';
export type { Durability, LogFile, OpenLogFile } from './lib/audit/log-file.ts';
export { readAuditLines } from './lib/audit/log-lines.ts';
export { type LogLock, lockLog } from './lib/audit/log-lock.ts';
export { type ExportFilter, type ExportManifest, parseManifest, signManifest } from './lib/audit/manifest.ts';
export { recordFault } from './lib/audit/stored-record.ts';
export { type AuditProof, type LogPart, type VerifyOptions, verifyAuditLog } from './lib/audit/verify.ts';
export {
  type CheckpointFault,
  type CheckpointFaultKind,
  type CheckpointProof,
  type VerifyCheckpointsOptions,
  verifyCheckpoints,
} from './lib/audit/verify-checkpoints.ts';
export {
  type ExportProof,
  type ManifestFault,
  type VerifyExportOptions,
  verifyExport,
} from './lib/audit/verify-export.ts';
export { type ExportedFile, type ExportsFault, type ExportsProof, verifyExports } from './lib/audit/verify-exports.ts';
export type { RecordsProof } from './lib/audit/verify-records.ts';
export type { CheckpointEvidence, CheckpointPlace } from './lib/audit/witnesses.ts';
