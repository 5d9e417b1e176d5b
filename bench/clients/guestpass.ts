import { createGuestpass } from 'guestpass';
import { jsonlAuditLog } from 'guestpass/audit';
import type { Client } from '../contract.ts';
import { payload } from '../payload.ts';

/** The whole pipeline, with every record in a chained JSON lines file on disk before the guest is let in. */
export async function guestpassClient(url: string, connections: number, auditFile: string): Promise<Client> {
  const audit = await jsonlAuditLog(auditFile);
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
