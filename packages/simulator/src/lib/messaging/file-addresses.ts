import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';

/** Addresses that are themselves the permission, for one file, one method and a while. */
export interface FileAddresses {
  make(method: 'PUT' | 'GET', attachmentId: string, baseUrl: string): string;
  /** Whether an address allows this method now. */
  allows(method: string, attachmentId: string, query: URLSearchParams): boolean;
}

/** Where files are put and fetched. */
export const filesPath = '/attachments';

export interface FileAddressesOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly goodForSeconds: number;
}

export function createFileAddresses({ clock, random, goodForSeconds }: FileAddressesOptions): FileAddresses {
  const key = random.token();
  const sign = (method: string, attachmentId: string, expires: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([method, attachmentId, expires]))
      .digest('base64url');
  return {
    make(method, attachmentId, baseUrl) {
      const expires = String(clock.now() + goodForSeconds * 1000);
      const query = new URLSearchParams({ expires, signature: sign(method, attachmentId, expires) });
      return `${baseUrl}${filesPath}/${encodeURIComponent(attachmentId)}?${query}`;
    },
    allows(method, attachmentId, query) {
      const expires = query.get('expires') ?? '';
      const given = Buffer.from(query.get('signature') ?? '');
      const right = Buffer.from(sign(method, attachmentId, expires));
      if (given.byteLength !== right.byteLength || !timingSafeEqual(given, right)) return false;
      return clock.now() < Number(expires);
    },
  };
}
