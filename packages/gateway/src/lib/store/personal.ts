import { randomBytes } from 'node:crypto';
import type { Attempt } from 'guestpass';
import type { NewOutcome } from './new-outcome.ts';
import type { RecordedConsent } from './recorded-consent.ts';
import { type Seal, sealWith } from './seal.ts';

/** What one guest leaves that is personal or leads to the person; a member that is missing was never there. */
export interface Personal {
  readonly guestId?: string;
  /** The platform's id of the request, with which the guest is found there. */
  readonly correlationId?: string;
  /** What went wrong, which may repeat what the platform said about the guest. */
  readonly detail?: string;
  readonly consent?: RecordedConsent;
}

/** The seal of one guest. Whatever it closed is gone for good with its key. */
export type SubjectSeal = Pick<Seal, 'seal' | 'open'>;

/** A guest about whom something is kept, with a key of its own. */
export interface NewSubject {
  readonly attemptId: string;
  readonly seal: SubjectSeal;
  /** The key, sealed with the master key. */
  readonly sealedKey: Buffer;
  /** A {@link Personal}, as it stands in the attempt and in its audit record. */
  readonly sealedPerson: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Gives each attempt that leaves something personal a key, and seals all of that at once; by attempt. */
export function sealSubjects(outcomes: readonly NewOutcome[], master: Seal): ReadonlyMap<string, NewSubject> {
  const subjects = new Map<string, NewSubject>();
  for (const { attempt, consent, nowMs } of outcomes) {
    const person = personalOf(attempt, consent);
    if (!person || subjects.has(attempt.id)) continue;
    const key = randomBytes(32);
    const seal = sealWith(key);
    const sealedPerson = seal.seal(JSON.stringify(person), attempt.id);
    subjects.set(attempt.id, {
      attemptId: attempt.id,
      seal,
      sealedKey: master.seal(key, attempt.id),
      sealedPerson,
      nowMs,
    });
  }
  return subjects;
}

/** Of a guest who was refused nothing was sent, and what is told of it is our own. */
function personalOf(attempt: Attempt, consent: RecordedConsent | undefined): Personal | undefined {
  if (attempt.outcome === 'refused') return undefined;
  const correlationId = attempt.correlationId ?? undefined;
  return {
    ...(attempt.outcome === 'admitted' ? { guestId: attempt.guestPass.guestId } : { detail: attempt.error.detail }),
    ...(correlationId !== undefined && { correlationId }),
    ...(attempt.outcome === 'admitted' && consent && { consent }),
  };
}

/** Finds the attempts of a guest without telling who that is. */
export function guestPrint(guestId: string, master: Seal): Buffer {
  return master.fingerprint(JSON.stringify(['guest', guestId]));
}

/** What a row holds sealed, and the key for it. */
export interface SealedPerson {
  readonly id: string;
  readonly sealed_person: Buffer | null;
  readonly sealed_key: Buffer | null;
}

/** The seal of a guest; `undefined` once erased, and when its key does not open. */
export function openKey(attemptId: string, sealedKey: Buffer | null, master: Seal): SubjectSeal | undefined {
  const key = sealedKey && openOrNothing(master, sealedKey, attemptId);
  return key ? sealWith(key) : undefined;
}

/** What is kept of the guest; nothing once erased. */
export function openPerson({ id, sealed_person, sealed_key }: SealedPerson, master: Seal): Personal {
  return (sealed_person && readPerson(openKey(id, sealed_key, master), sealed_person, id)) ?? {};
}

/** Reads what {@link sealSubjects} sealed; `undefined` when it does not open. */
export function readPerson(seal: SubjectSeal | undefined, sealed: Uint8Array, attemptId: string): Personal | undefined {
  const text = seal && openOrNothing(seal, sealed, attemptId)?.toString();
  // A cast, because a value that opens is one we sealed.
  return text === undefined ? undefined : (JSON.parse(text) as Personal);
}

/** One value that is damaged must not hide the others. */
export function openOrNothing(seal: SubjectSeal, sealed: Uint8Array, bound: string): Buffer | undefined {
  try {
    return seal.open(sealed, bound);
  } catch {
    return undefined;
  }
}
