import { createGuestpass } from 'guestpass';
import { type AuditSink, jsonlAuditLog, memoryChain } from 'guestpass/audit';
import type { Client } from '../contract.ts';
import { payload } from '../payload.ts';

/** The whole pipeline, with every record in a chained JSON lines file on disk before the guest is let in. */
export async function guestpassWithAuditFile(url: string, connections: number, auditFile: string): Promise<Client> {
  return guestpassClient(url, connections, await jsonlAuditLog(auditFile));
}

/** The same file, with every record handed to the operating system and not waited for on the disk. */
export async function guestpassWithFlushedFile(url: string, connections: number, auditFile: string): Promise<Client> {
  return guestpassClient(url, connections, await jsonlAuditLog(auditFile, { durability: 'flush' }));
}

/** The whole pipeline, with the records chained and then forgotten: what is left is the price of the disk. */
export function guestpassWithAuditInMemory(url: string, connections: number): Client {
  return guestpassClient(url, connections, memoryChain());
}

function guestpassClient(url: string, connections: number, audit: AuditSink): Client {
  const guestpass = createGuestpass({
    environment: url,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    connections,
    requestsPerMinute: Number.POSITIVE_INFINITY,
    maxPending: Number.POSITIVE_INFINITY,
    audit,
  });
  return {
    async guest() {
      await guestpass.authenticate(payload);
    },
    async close() {
      await guestpass.close();
      await audit[Symbol.asyncDispose]();
    },
  };
}
