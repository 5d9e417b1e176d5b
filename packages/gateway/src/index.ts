export type { Admission } from './lib/admission/admission.ts';
export { crashDrain, tellCrash } from './lib/crash.ts';
export { type DatabaseProbe, probeDatabase } from './lib/database/probe.ts';
export {
  type Gateway,
  type GatewayOptions,
  startGateway,
} from './lib/gateway.ts';
export type { AllowedOrigin } from './lib/http/origins.ts';
export type { GuestRates } from './lib/http/rate-limits.ts';
export type { Reload, ReloadCause } from './lib/reload/config-reload.ts';
export type { ConfigSource } from './lib/reloads.ts';
export { type Service, type ServiceOptions, startService } from './lib/service.ts';
export { type ConsentNotice, parseConsentNotices } from './lib/settings/consent-notices.ts';
export { loadMasterKey, parseMasterKey } from './lib/settings/master-key.ts';
export type { Storage, StorageOptions } from './lib/storage.ts';
export type { AttemptStore } from './lib/store/attempts.ts';
export type { AuditStore } from './lib/store/audit.ts';
export type { Delivery, DeliveryStore } from './lib/store/deliveries.ts';
export type { Endpoint, EndpointStore } from './lib/store/endpoints.ts';
export type { GatewayObserver } from './lib/watch/observer.ts';
