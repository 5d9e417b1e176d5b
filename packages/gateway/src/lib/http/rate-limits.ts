import { GuestpassError } from 'guestpass';
import { rangesOf } from '../settings/network.ts';
import type { Rate, RateReading, RateStore } from './rate-store.ts';

/** How often guests may ask in one window of the store. */
export interface GuestRates {
  /** From one IPv4 address or one IPv6 /64. */
  readonly address: number;
  /** From one IPv4 /24 or one IPv6 /48. */
  readonly subnet: number;
  /** For one channel. */
  readonly channel: number;
  /** In all. */
  readonly total: number;
}

export interface RateLimitsOptions {
  readonly rates: GuestRates;
  readonly store: RateStore;
  /** Keeps these counts apart from others in the same store. Default an empty text. */
  readonly kind?: string;
}

/** What the limits say of one request. */
export interface RateAnswer {
  /** `too_many_requests` or, when all callers together are too many, `overloaded`; `undefined` when it may pass. */
  readonly refusal: GuestpassError | undefined;
  /** `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers). */
  readonly headers: Readonly<Record<string, string>>;
}

/** Holds guests to rates. A request that one of them refuses uses up none of the others. */
export interface RateLimits {
  /** Before anything of the request is read. */
  ofCaller(address: string): Promise<RateAnswer>;
  /** Once the channel is known. */
  ofChannel(channelId: string): Promise<RateAnswer>;
}

interface Named {
  readonly name: keyof GuestRates;
  readonly rate: Rate;
}

export function createRateLimits({ rates, store, kind = '' }: RateLimitsOptions): RateLimits {
  const judge = async (wanted: readonly Named[]): Promise<RateAnswer> => {
    const readings = await store.take(wanted.map(({ rate }) => rate));
    const named = wanted.map(({ name }, index) => ({ name, reading: readings[index] }));
    const told = named.flatMap(({ name, reading }) => (reading ? [{ name, reading }] : []));
    const refused = longestWait(told);
    return {
      refusal: refused && refusalOf(refused),
      headers: fieldsOf(told, store.windowMs),
    };
  };

  const named = (name: keyof GuestRates, key = ''): Named => ({
    name,
    rate: { key: `${kind} ${name} ${key}`, limit: rates[name] },
  });

  return {
    ofCaller(address) {
      const { single, subnet } = rangesOf(address);
      return judge([named('address', single), named('subnet', subnet), named('total')]);
    },
    ofChannel: (channelId) => judge([named('channel', channelId)]),
  };
}

interface Told {
  readonly name: keyof GuestRates;
  readonly reading: RateReading;
}

function longestWait(told: readonly Told[]): Told | undefined {
  const refused = told.filter(({ reading }) => !reading.allowed);
  return refused.reduce<Told | undefined>((a, b) => (a && a.reading.waitMs >= b.reading.waitMs ? a : b), undefined);
}

const tooMany: Readonly<Record<keyof GuestRates, string>> = {
  address: 'Too many requests came from this address.',
  subnet: 'Too many requests came from this network.',
  channel: 'Too many requests were made for this channel.',
  total: 'All callers together make too many requests.',
};

function refusalOf({ name, reading }: Told): GuestpassError {
  const code = name === 'total' ? 'overloaded' : 'too_many_requests';
  return new GuestpassError(code, tooMany[name], { retryAfterMs: reading.waitMs });
}

/** How many all callers together may be is nobody's business. */
function fieldsOf(told: readonly Told[], windowMs: number): Record<string, string> {
  const shown = told.filter(({ name }) => name !== 'total');
  const seconds = (spanMs: number) => Math.ceil(spanMs / 1_000);
  return {
    'RateLimit-Policy': shown
      .map(({ name, reading }) => `"${name}";q=${reading.rate.limit};w=${seconds(windowMs)}`)
      .join(', '),
    RateLimit: shown
      .map(({ name, reading }) => `"${name}";r=${reading.remaining};t=${seconds(reading.waitMs || windowMs)}`)
      .join(', '),
  };
}
