export { type GatewayConfig, gatewayVariables, readGatewayConfig } from './lib/config.ts';
export { gatewaySettings } from './lib/settings.ts';
