export { type GatewayConfig, gatewayVariables, readGatewayConfig } from './lib/settings/config.ts';
export { gatewaySettings } from './lib/settings/settings.ts';
