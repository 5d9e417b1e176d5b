import { randomUUID } from 'node:crypto';

/** A guest as a website sends one just now, with a captcha answer that the simulated provider lets through once. */
export function freshPayload(change: Readonly<Record<string, unknown>> = {}) {
  return {
    channelId: 'demo',
    consent: { accepted: true, timestamp: new Date().toISOString() },
    captcha: { provider: 'recaptcha', response: `ok.${randomUUID()}` },
    attributes: { origin: 'automated_test' },
    ...change,
  };
}
