export { type GatewayConfig, gatewayVariables, readGatewayConfig } from './lib/settings/config.ts';
export type { Operator, OperatorRole } from './lib/settings/operator-roles.ts';
export { type OperatorsRead, parseOperators, type TokenOperator } from './lib/settings/operators.ts';
export { gatewaySettings } from './lib/settings/settings.ts';
