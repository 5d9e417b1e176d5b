export { type GatewayConfig, gatewayVariables, readGatewayConfig } from './lib/config.ts';
