export type { GuestConnection, GuestCreated, GuestPass, SignedIn } from './lib/contract/guest-pass.ts';
export { guestCreatedSchema } from './lib/contract/guest-pass.ts';
export type { GuestPayload, JsonValue } from './lib/contract/guest-payload.ts';
export { guestPayloadSchema } from './lib/contract/guest-payload.ts';
export { type ParsedGuestPayload, parseGuestPayload } from './lib/contract/parse-guest-payload.ts';
export type { PlatformError } from './lib/contract/platform-error.ts';
export { platformErrorSchema } from './lib/contract/platform-error.ts';
export { type SignIn, signInSchema } from './lib/contract/sign-in.ts';
