export type { AddressPolicy, AddressRefusal, EndpointCheck, EndpointPolicy } from './lib/webhook/address-guard.ts';
export { checkEndpointUrl, refuseAddress } from './lib/webhook/address-guard.ts';
export type { AddressedMessage, DeliverOptions, Delivery } from './lib/webhook/deliver.ts';
export { deliverWebhook } from './lib/webhook/deliver.ts';
export type { DeliveryFailure } from './lib/webhook/delivery-failure.ts';
export type { Resolve } from './lib/webhook/guarded-connector.ts';
export type { GuardedExchange, GuardedExchangeOptions } from './lib/webhook/guarded-exchange.ts';
export { guardedExchange } from './lib/webhook/guarded-exchange.ts';
export type {
  DropReason,
  SettledNotice,
  WebhookSender,
  WebhookSenderOptions,
} from './lib/webhook/in-process.ts';
export { webhookSender } from './lib/webhook/in-process.ts';
export type { GuestNotice, NoticeType } from './lib/webhook/notice.ts';
export { guestNotice } from './lib/webhook/notice.ts';
export type { NextDelayOptions } from './lib/webhook/schedule.ts';
export { defaultSchedule, nextDelayMs, parseSchedule } from './lib/webhook/schedule.ts';
export { generateWebhookSecret, parseWebhookSecret } from './lib/webhook/secret.ts';
export type { SignOptions, WebhookHeaders, WebhookMessage } from './lib/webhook/sign.ts';
export { signWebhook } from './lib/webhook/sign.ts';
export type {
  VerifiedWebhook,
  VerifyWebhookOptions,
  WebhookVerificationReason,
} from './lib/webhook/verify.ts';
export { verifyWebhook, WebhookVerificationError } from './lib/webhook/verify.ts';
