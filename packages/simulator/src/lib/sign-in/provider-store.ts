import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { SimulatorClock } from '../clock.ts';

const entriesRemembered = 10_000;

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What an OpenID provider keeps: codes, sign-ins under way, cookies. Each is forgotten on the simulator's clock. */
export type ProviderStore = (model: string) => Adapter;

/** Makes a store of the last 10,000 things. */
export function createProviderStore(clock: SimulatorClock): ProviderStore {
  const entries = new Map<string, Entry>();

  const payloadAt = (key: string) => {
    const entry = entries.get(key);
    return entry && clock.now() < entry.expiresAt ? entry.payload : undefined;
  };
  const forgetOldest = () => {
    for (const key of entries.keys()) {
      if (entries.size <= entriesRemembered) return;
      entries.delete(key);
    }
  };

  return (model) => {
    const keyOf = (id: string) => `${model} ${id}`;
    const findBy = async (isMeant: (payload: AdapterPayload) => boolean) => {
      const found = [...entries].find(([key, { payload }]) => key.startsWith(`${model} `) && isMeant(payload));
      return found && payloadAt(found[0]);
    };
    return {
      async upsert(id, payload, expiresIn = Number.POSITIVE_INFINITY) {
        entries.delete(keyOf(id));
        entries.set(keyOf(id), { payload, expiresAt: clock.now() + expiresIn * 1000 });
        forgetOldest();
      },
      find: async (id) => payloadAt(keyOf(id)),
      findByUid: (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: (userCode) => findBy((payload) => payload.userCode === userCode),
      async consume(id) {
        const payload = payloadAt(keyOf(id));
        if (payload) payload.consumed = Math.floor(clock.now() / 1000);
      },
      async destroy(id) {
        entries.delete(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
      },
    };
  };
}
