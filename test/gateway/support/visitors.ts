import { randomUUID } from 'node:crypto';
import { freshPayload } from './payload.ts';
import { askGuest } from './stage.ts';

/** What a visitor was told for one idempotency key, in the order of the answers. */
export interface Visit {
  readonly key: string;
  readonly payload: ReturnType<typeof freshPayload>;
  readonly answers: { readonly status: number; readonly replayed: boolean; readonly body: VisitBody }[];
}

interface VisitBody {
  readonly attemptId?: string;
  readonly guestId?: string;
  readonly code?: string;
}

/** Where the gateway is. */
export interface Home {
  /** Its origin; pending while there is none. */
  readonly current: Promise<string>;
  open(url: string): void;
  close(): void;
}

export function createHome(): Home {
  let door = Promise.withResolvers<string>();
  let isOpen = false;
  return {
    get current() {
      return door.promise;
    },
    open(url) {
      isOpen = true;
      door.resolve(url);
    },
    close() {
      // Whoever waits already waits for the next one.
      if (isOpen) door = Promise.withResolvers();
      isOpen = false;
    },
  };
}

/** A new guest with a key of its own, which also stands in its attributes, so that the platform can be asked for it. */
function newVisit(key: string): Visit {
  const payload = freshPayload({ captcha: undefined, attributes: { mark: key } });
  return { key, payload, answers: [] };
}

/**
 * Asks for an answer. A gateway that dies is asked again, with the same key, where it comes back. Resolves with whether
 * the answer settles the matter; an attempt that is still under way elsewhere does not.
 */
export async function visit(one: Visit, home: Pick<Home, 'current'>): Promise<boolean> {
  for (;;) {
    const url = await home.current;
    const answer = await ask(url, one).catch(() => undefined);
    if (!answer) continue;
    one.answers.push(answer);
    return answer.body.code !== 'idempotency_in_progress';
  }
}

/** Visitors who keep coming until told otherwise. */
export interface Crowd {
  readonly visits: readonly Visit[];
  /** Those whose attempt was still under way when they asked. */
  readonly unsettled: readonly Visit[];
  leave(): Promise<unknown>;
}

export function createCrowd(home: Home, size: number): Crowd {
  const visits: Visit[] = [];
  const unsettled: Visit[] = [];
  let open = true;
  const visitor = async () => {
    while (open) {
      const one = newVisit(`key-${randomUUID()}`);
      visits.push(one);
      if (!(await visit(one, home))) unsettled.push(one);
    }
  };
  const gone = Promise.all(Array.from({ length: size }, visitor));
  return {
    visits,
    unsettled,
    leave() {
      open = false;
      return gone;
    },
  };
}

async function ask(url: string, { key, payload }: Visit) {
  const response = await askGuest(url, payload, { 'idempotency-key': key });
  // A cast, because the answer is our own gateway's.
  const body = (await response.json()) as VisitBody;
  return { status: response.status, replayed: response.headers.get('idempotency-replayed') === 'true', body };
}
