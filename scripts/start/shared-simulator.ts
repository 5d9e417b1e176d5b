import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listening, Simulator } from '@guestpass/simulator';
import { GuestpassError } from 'guestpass';
import { type LogLock, lockLog } from 'guestpass/audit';
import { onFreePort } from './free-port.ts';

/** The one simulator of a directory, whichever process serves it. */
export interface SharedSimulator extends AsyncDisposable {
  readonly url: string;
  /** True when another process served it when this one came. */
  readonly joined: boolean;
}

/** How long a process that has the simulator may take until it answers, in milliseconds. */
const patienceMs = 1_500;

/**
 * Serves the simulator, or finds it where another process of this directory serves it: gateways with one database are a
 * fleet, and a fleet has one platform. When that process ends, ours serves on its port, which `onTakenOver` is told.
 * Rejects with `storage_unavailable`, naming that process, when its simulator does not answer.
 */
export async function shareSimulator(
  simulator: Simulator,
  directory: string,
  onTakenOver: () => void,
): Promise<SharedSimulator> {
  const file = join(directory, 'simulator');
  const place = { file, simulator };
  for (let waitedMs = 0; ; waitedMs += 50) {
    const lock = await takeLock(file);
    if (!(lock instanceof GuestpassError)) {
      const served = await serve(place, lock, () => onFreePort(4010, (port) => simulator.listen({ port })));
      return { ...served, joined: false };
    }
    const url = await readFile(file, 'utf8').catch(() => '');
    if (await answers(url)) return standBy(place, url, onTakenOver);
    if (waitedMs > patienceMs) throw lock;
    await sleep(50);
  }
}

interface Place {
  /** Holds the address; its lock is with the process that serves. */
  readonly file: string;
  readonly simulator: Simulator;
}

/** The lock, or the error that names who has it. */
async function takeLock(file: string): Promise<LogLock | GuestpassError> {
  try {
    return await lockLog(file);
  } catch (error) {
    if (error instanceof GuestpassError) return error;
    throw error;
  }
}

async function serve({ file }: Place, lock: LogLock, listen: () => Promise<Listening>) {
  const leave = async () => {
    await rm(file, { force: true });
    await lock.release();
  };
  try {
    // That of a process that was killed.
    await rm(file, { force: true });
    const { url, close } = await listen();
    await writeFile(file, url);
    return { url, [Symbol.asyncDispose]: () => close().finally(leave) };
  } catch (error) {
    await leave();
    throw error;
  }
}

function standBy(place: Place, url: string, onTakenOver: () => void): SharedSimulator {
  const leaving = new AbortController();
  const { signal } = leaving;
  const listen = () => place.simulator.listen({ port: Number(new URL(url).port) });
  const takeOver = async (): Promise<AsyncDisposable | undefined> => {
    while (!signal.aborted) {
      await sleep(250, undefined, { signal }).catch(() => {});
      const lock = await takeLock(place.file);
      if (lock instanceof GuestpassError) continue;
      // Whoever has the port now will not have it for ever.
      const served = await serve(place, lock, listen).catch(() => undefined);
      if (served) onTakenOver();
      if (served) return served;
    }
    return undefined;
  };
  const taken = takeOver();
  return {
    url,
    joined: true,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await (await taken)?.[Symbol.asyncDispose]();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  if (!URL.canParse(url)) return false;
  const signal = AbortSignal.timeout(500);
  return await fetch(`${url}/_idp/identities`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}
