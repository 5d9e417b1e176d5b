import { exportAttempts, getAttempt, listAttempts } from './attempts.ts';
import { describeExport, exportAudit, listAudit, verifyAudit } from './audit.ts';
import { getConfiguration } from './configuration.ts';
import { getConsentKeys, withdrawWithReceipt } from './consents.ts';
import {
  exportDeliveries,
  getDelivery,
  listDeliveries,
  purgeDeliveries,
  replayDeliveries,
  replayDelivery,
} from './deliveries.ts';
import {
  changeEndpoint,
  createEndpoint,
  disableEndpoint,
  enableEndpoint,
  getEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateSecret,
} from './endpoints.ts';
import { eraseGuest } from './erasures.ts';
import { listErrorCodes } from './error-codes.ts';
import { authenticateGuest, getChallenge } from './guests.ts';
import { docs, errorDocs, healthz, livez, metrics, openapi, readyz, startupz } from './health.ts';
import { liftHold, listHolds, placeHold } from './holds.ts';
import type { Operation } from './operation.ts';
import { endSession, getOperator, openSession } from './operator-sessions.ts';
import { beginSignIn, finishSignIn, getSignIn } from './operator-sign-in.ts';
import { openStream } from './stream.ts';
import { withdrawConsent } from './withdrawals.ts';

/** Everything that can be asked of the gateway, in the order it is described. */
export const operations: readonly Operation[] = [
  authenticateGuest,
  getChallenge,
  listAttempts,
  exportAttempts,
  getAttempt,
  openStream,
  listDeliveries,
  exportDeliveries,
  getDelivery,
  replayDelivery,
  replayDeliveries,
  purgeDeliveries,
  listEndpoints,
  createEndpoint,
  getEndpoint,
  changeEndpoint,
  removeEndpoint,
  rotateSecret,
  enableEndpoint,
  disableEndpoint,
  listAudit,
  verifyAudit,
  exportAudit,
  describeExport,
  eraseGuest,
  listHolds,
  placeHold,
  liftHold,
  withdrawConsent,
  withdrawWithReceipt,
  getConsentKeys,
  openSession,
  endSession,
  getOperator,
  getSignIn,
  beginSignIn,
  finishSignIn,
  livez,
  healthz,
  readyz,
  startupz,
  metrics,
  openapi,
  docs,
  errorDocs,
  listErrorCodes,
  getConfiguration,
];
