import { expect } from 'vitest';
import type { SimulatorOptions } from '../settings.ts';
import { createSimulator, type Simulator } from '../simulator.ts';
import { type GuestSocket, type GuestSocketOptions, type Heard, openSocket } from './guest-socket.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

export const token = '6b0a2a53-4f5a-4a7b-9a6e-0a6f3c1d9e11';

/** A simulator on a port with a clock turned by hand; no bot unless asked for. */
export interface Stage extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly clock: ManualClock;
  readonly port: number;
  readonly url: string;
  open(options?: GuestSocketOptions): Promise<GuestSocket>;
  /** Opens a socket and configures a session on it. */
  join(guestToken?: string, options?: GuestSocketOptions): Promise<GuestSocket>;
}

export async function stage(options: SimulatorOptions = {}): Promise<Stage> {
  const clock = manualClock();
  const simulator = createSimulator({ clock, bot: 'none', ...options });
  const { port, url } = await simulator.listen();
  const open = (how?: GuestSocketOptions) => openSocket(port, how);
  return {
    simulator,
    clock,
    port,
    url,
    open,
    async join(guestToken = token, how = {}) {
      const socket = await open(how);
      await ask(socket, { ...configure, token: guestToken, deploymentId: how.deploymentId ?? 'demo' });
      return socket;
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

export const configure = { action: 'configureSession', token, deploymentId: 'demo' };

/** Says something and returns the next frame that is heard. */
export async function ask(socket: GuestSocket, frame: object | string): Promise<Heard> {
  socket.say(frame);
  return socket.next();
}

export function text(said: string, more: object = {}): object {
  return { action: 'onMessage', token, message: { type: 'Text', text: said }, ...more };
}

export function event(said: object): object {
  return { action: 'onMessage', token, message: { type: 'Event', events: [said] } };
}

export function presence(type: string): object {
  return event({ eventType: 'Presence', presence: { type } });
}

/** What a refusal is recognized by. */
export function refused(code: number): object {
  return { type: 'response', class: 'string', code, body: expect.any(String) };
}

export function rateRefused(retryAfter: number): object {
  const body = { retryAfter, errorCode: 4029, errorMessage: expect.any(String) };
  return { type: 'response', class: 'TooManyRequestsErrorMessage', code: 429, body };
}

/** A fact of a frame's body, as text. */
export function fieldOf(frame: Heard, name: string): string {
  return String(Reflect.get(Object(frame.body), name));
}
