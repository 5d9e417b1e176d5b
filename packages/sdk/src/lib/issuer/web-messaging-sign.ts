import { patienceMs } from '../http/breaker.ts';
import type { Sign } from '../http/breaker-state.ts';
import { classifyFailure } from '../http/failure.ts';
import type { TransportError } from '../messaging/transport.ts';
import type { RefusedFrame, SessionAnswer } from './web-messaging-session.ts';

/**
 * What one try for a session says of the platform, by the rules for calls over HTTP: any answer below 500 shows that it is
 * there, on the upgrade as on the socket.
 */
export function signOf(answer: SessionAnswer, durationMs: number): Sign {
  if ('session' in answer) return 'success';
  if ('opening' in answer) return signOfOpening(answer.opening);
  if ('refused' in answer) return isFault(answer.refused) ? 'failure' : 'reached';
  switch (answer.failure) {
    case 'aborted':
      return 'nothing';
    case 'deadline':
      return durationMs >= patienceMs ? 'failure' : 'nothing';
    default:
      return 'failure';
  }
}

function signOfOpening({ status, permanent, cause }: TransportError): Sign {
  if (status !== undefined) return status >= 500 ? 'failure' : 'reached';
  // What waiting cannot help, such as a certificate, would only be hidden.
  if (permanent) return 'nothing';
  return classifyFailure(cause).sent === 'no' ? 'unconnected' : 'failure';
}

/** The protocol's own codes, from 4000 on, are about the guest or the deployment. */
function isFault(frame: RefusedFrame): boolean {
  return frame.kind === 'error' && frame.code >= 500 && frame.code < 600;
}
