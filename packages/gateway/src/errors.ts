export { type GatewayCode, gatewayErrorTable } from './lib/http/problem-table.ts';
