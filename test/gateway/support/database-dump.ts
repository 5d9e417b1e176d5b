import type { TestDatabase } from '@guestpass/gateway/testing';

/** Every row of every table of ours and of the job queue, as text; binary columns in hex. */
export async function dumpDatabase(database: Pick<TestDatabase, 'query'>): Promise<string> {
  const tables = await database.query(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_schema like 'guestpass%' and table_type = 'BASE TABLE' order by 1`,
  );
  const rows = await Promise.all(tables.map(({ name }) => database.query(`select t::text as line from ${name} t`)));
  return rows
    .flat()
    .map(({ line }) => String(line))
    .join('\n');
}

/** The secret in whatever way it may be written down. */
export function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('hex'), encodeURIComponent(secret), ...base64Cores(bytes)];
}

/** Base64 depends on what stands before; each of its three phases has a middle that does not. */
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((phase) => {
    const text = Buffer.concat([Buffer.alloc(phase), bytes]).toString('base64');
    return text.slice(phase === 0 ? 0 : 4, text.length - 4);
  });
}
