import * as z from 'zod';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';
import type { RateWindows } from '../rate-window.ts';
import { type Action, inSession } from './action.ts';
import { readFields } from './client-frame.ts';
import { response, tooManyRequests } from './server-frame.ts';
import type { ShortTokens } from './short-tokens.ts';

/** `getJwt`: what history is read with. */
export function createGetJwt(shortTokens: ShortTokens): Action {
  return inSession(({ session }) => {
    const { token: jwt, exp } = shortTokens.issue('history', session.id);
    return [response('JwtResponse', { jwt, exp })];
  });
}

/** `resumeToken`: what another token is made to stand for this session with. */
export function createResumeToken(shortTokens: ShortTokens): Action {
  return inSession(({ session }) => {
    const { token: resumeToken, exp } = shortTokens.issue('resume', session.id);
    return [response('ResumeTokenResponse', { resumeToken, exp })];
  });
}

const echoFields = z.looseObject({
  message: z.looseObject({ type: z.literal('Text'), text: z.string() }),
});

export interface EchoOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  /** Counts per connection. */
  readonly rates: RateWindows;
  readonly lifetimeSeconds: number;
}

/** `echo`: a health check. Says back what was said, with the session's lifetime in strings, and keeps nothing. */
export function createEcho({ clock, random, rates, lifetimeSeconds }: EchoOptions): Action {
  return inSession(({ frame, connection, session }) => {
    const fields = readFields(echoFields, frame);
    if (!fields.ok) return [fields.refusal];
    const rate = rates.take(connection.id);
    if (!rate.admitted) return [tooManyRequests(rate.resetSeconds, 'Health check rate too high for this connection')];
    const id = random.uuid();
    const metadata = {
      durationSeconds: String(lifetimeSeconds),
      expirationDate: String(Math.floor(session.expiresAt / 1000)),
    };
    return [
      response('StructuredMessage', {
        id,
        type: 'Text',
        direction: 'Inbound',
        text: fields.value.message.text,
        channel: { time: new Date(clock.now()).toISOString(), messageId: id, type: 'Private' },
        metadata,
      }),
    ];
  });
}
