import type { RateWindows } from '../rate-window.ts';
import type { Action } from './action.ts';
import { parseClientFrame } from './client-frame.ts';
import type { Handle } from './connection.ts';
import { refusal, tooManyRequests, traced } from './server-frame.ts';

/** Reads a frame and lets its action handle it. `rates` counts per connection. */
export function createHandle(actions: Readonly<Record<string, Action>>, rates: RateWindows): Handle {
  return (text, connection) => {
    const rate = rates.take(connection.id);
    const parsed = parseClientFrame(text);
    const tracingId = parsed.ok ? parsed.frame.tracingId : parsed.tracingId;
    const answers = () => {
      if (!rate.admitted) return [tooManyRequests(rate.resetSeconds, 'Request rate too high for this connection')];
      if (!parsed.ok) return [parsed.refusal];
      const { frame } = parsed;
      const action = Object.hasOwn(actions, frame.action) ? actions[frame.action] : undefined;
      return action ? action({ frame, connection }) : [refusal(400, 'The action is unknown.')];
    };
    return answers().map((frame) => traced(frame, tracingId));
  };
}
