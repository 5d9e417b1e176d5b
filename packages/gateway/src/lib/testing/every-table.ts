import type { TestDatabase } from './postgres.ts';

/** The tables of every schema that hold a text in any column, as text or as bytes, in alphabetic order. */
export async function tablesHolding(database: TestDatabase, text: string): Promise<readonly string[]> {
  const tables = await database.query(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query(
      `select 1 from ${name} t where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0 limit 1`,
      [text, Buffer.from(text).toString('hex')],
    );
    if (rows.length > 0) found.push(String(name));
  }
  return found;
}
