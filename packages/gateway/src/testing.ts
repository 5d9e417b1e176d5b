export { tablesHolding } from './lib/testing/every-table.ts';
export { type TestDatabase, type TestDatabaseOptions, testDatabase } from './lib/testing/postgres.ts';
export { callRaw, exchangeRaw, type RawCaller } from './lib/testing/raw-http.ts';
export { solveAltcha } from './lib/testing/solve-altcha.ts';
