import * as fc from 'fast-check';
import { type Attempt, GuestpassError } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createLog, type GatewayLog, type LogOptions } from './log.ts';

function setup(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const clock = manualClock(Date.parse('2024-01-15T10:30:00Z'));
  const log = createLog({ clock, write: (line) => lines.push(line), ...options });
  return { log, lines, records: () => lines.map((line) => JSON.parse(line)) };
}

const facts = {
  id: 'att_1',
  channelId: 'shop',
  consentTimestamp: '2024-01-15T10:30:00Z',
  captcha: { provider: 'recaptcha', verified: true, score: 0.9 },
  startedAt: '2024-01-15T10:30:00.000Z',
  latencyMs: 168.2,
  durationMs: 210.5,
  stages: {},
  retries: 1,
  statusCodes: [429, 201],
  correlationId: 'corr-1',
};
const admitted: Attempt = {
  ...facts,
  outcome: 'admitted',
  guestPass: {
    guestId: 'canary-guest',
    sessionToken: 'canary-session-token',
    expiresAt: null,
    channelId: 'shop',
    connect: null,
  },
};
const request = { requestId: 'req_12345678', traceId: 'a'.repeat(32), address: '192.0.2.77', replayed: false };

test('an attempt is one line of JSON with what is needed to find it, and no more', () => {
  const { log, lines } = setup();
  log.attemptEnded(admitted, request);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith('}\n')).toBe(true);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: '2024-01-15T10:30:00.000Z',
    requestId: 'req_12345678',
    traceId: 'a'.repeat(32),
    attemptId: 'att_1',
    outcome: 'admitted',
    code: null,
    channelId: 'shop',
    captchaProvider: 'recaptcha',
    captchaVerified: true,
    retries: 1,
    statusCodes: [429, 201],
    latencyMs: 168.2,
    durationMs: 210.5,
    correlationId: 'corr-1',
    replayed: false,
    network: '192.0.2.0/24',
    msg: 'attempt ended',
  });
});

test('an attempt that failed stands out, and one that was refused does not', () => {
  const { log, records } = setup();
  const error = new GuestpassError('platform_unavailable', 'The platform is out of service.');
  log.attemptEnded({ ...facts, outcome: 'failed', stage: 'guest', error }, request);
  log.attemptEnded({ ...facts, outcome: 'unknown', stage: 'guest', error }, request);
  log.attemptEnded({ ...facts, outcome: 'refused', stage: 'consent', error }, request);
  expect(records().map(({ level, code }) => [level, code])).toEqual([
    ['warn', 'platform_unavailable'],
    ['warn', 'platform_unavailable'],
    ['info', 'platform_unavailable'],
  ]);
});

test('every kind of line carries its own fields', () => {
  const { log, records } = setup();
  log.listening({ name: 'public', url: 'http://127.0.0.1:4000' });
  log.requestRefused({ requestId: 'req_12345678', address: '2001:db8:1:2::3', code: 'body_invalid' });
  log.turnedAway({ address: '192.0.2.1', code: 'http_malformed' });
  const ids = { requestId: 'req_12345678', address: '192.0.2.1' };
  log.withdrawalEnded({ ...ids, outcome: 'withdrawn', code: null, attemptId: 'att_1' });
  log.withdrawalEnded({ ...ids, outcome: 'failed', code: 'storage_unavailable', attemptId: null });
  const delivery = {
    deliveryId: 'dlv_1',
    eventId: 'evt_1',
    endpointId: 'ep_1',
    traceId: null,
    try: 2,
    status: 503,
    durationMs: 12,
  };
  log.deliveryTried({ ...delivery, result: 'http_503', state: 'pending' });
  log.deliveryTried({ ...delivery, result: 'delivered', status: 200, state: 'delivered' });
  const operator = { name: 'ana', role: 'auditor' } as const;
  log.operatorActed({ requestId: 'req_12345678', address: '127.0.0.1', operator, action: 'read audit', status: 200 });
  const came = { requestId: 'req_12345678', address: '127.0.0.1' };
  log.operatorSignedIn({ ...came, operator: { ...operator, issuer: 'https://id.example' }, failure: undefined });
  log.operatorSignedIn({ ...came, operator: undefined, failure: 'no_role' });
  log.breakerChanged({ operation: 'guest', state: 'open' });
  log.breakerChanged({ operation: 'guest', state: 'closed' });
  log.captchaBreakerChanged({ provider: 'hcaptcha', state: 'open' });
  log.insecureReceivers();
  log.stopping();
  log.stopped({ cut: 0 });
  log.crashed('canary-4711');
  const time = '2024-01-15T10:30:00.000Z';
  const told = {
    deliveryId: 'dlv_1',
    eventId: 'evt_1',
    endpointId: 'ep_1',
    try: 2,
    durationMs: 12,
    traceId: null,
    time,
  };
  const withdrawal = {
    time,
    requestId: 'req_12345678',
    network: '192.0.2.0/24',
    msg: 'consent withdrawal ended',
  };
  expect(records()).toEqual([
    { level: 'info', time, listener: 'public', url: 'http://127.0.0.1:4000', msg: 'listening' },
    {
      level: 'info',
      time,
      requestId: 'req_12345678',
      code: 'body_invalid',
      network: '2001:db8:1::/48',
      msg: 'request refused',
    },
    { level: 'info', time, code: 'http_malformed', network: '192.0.2.0/24', msg: 'turned away' },
    { ...withdrawal, level: 'info', outcome: 'withdrawn', code: null, attemptId: 'att_1' },
    { ...withdrawal, level: 'warn', outcome: 'failed', code: 'storage_unavailable', attemptId: null },
    { ...told, level: 'warn', result: 'http_503', status: 503, state: 'pending', msg: 'delivery tried' },
    { ...told, level: 'info', result: 'delivered', status: 200, state: 'delivered', msg: 'delivery tried' },
    {
      level: 'info',
      time,
      requestId: 'req_12345678',
      operator: 'ana',
      role: 'auditor',
      action: 'read audit',
      status: 200,
      network: '127.0.0.0/24',
      msg: 'operator acted',
    },
    {
      level: 'info',
      time,
      requestId: 'req_12345678',
      operator: 'ana',
      role: 'auditor',
      issuer: 'https://id.example',
      network: '127.0.0.0/24',
      msg: 'operator signed in',
    },
    {
      level: 'warn',
      time,
      requestId: 'req_12345678',
      failure: 'no_role',
      network: '127.0.0.0/24',
      msg: 'operator sign-in failed',
    },
    { level: 'warn', time, operation: 'guest', state: 'open', msg: 'circuit breaker changed' },
    { level: 'info', time, operation: 'guest', state: 'closed', msg: 'circuit breaker changed' },
    { level: 'warn', time, operation: 'captcha', provider: 'hcaptcha', state: 'open', msg: 'circuit breaker changed' },
    { level: 'warn', time, msg: 'webhooks may be sent in the clear' },
    { level: 'info', time, msg: 'stopping' },
    { level: 'info', time, cut: 0, msg: 'stopped' },
    { level: 'fatal', time, error: 'string', msg: 'crashed' },
  ]);
});

test('of a malfunction the kind and the place are told, and the words only when they are ours', () => {
  const { log, records } = setup();
  const inner = Object.assign(new SyntaxError('canary-4711 is not valid JSON'), { code: 'ERR_X' });
  const ours = new GuestpassError('storage_unavailable', 'The database did not answer.', { cause: inner });
  log.trouble('record the outcome', ours, { requestId: 'req_12345678' });
  log.trouble('answer', 'canary-4711');
  const [first, second] = records();
  expect(first).toMatchObject({
    level: 'error',
    msg: 'record the outcome',
    requestId: 'req_12345678',
    error: 'GuestpassError',
    code: 'storage_unavailable',
    cause: { error: 'SyntaxError', code: 'ERR_X' },
  });
  expect(first.message).toContain('The database did not answer.');
  expect(first.cause.frames[0]).toContain('log.test.ts');
  expect(second).toMatchObject({ error: 'string' });
  expect(JSON.stringify([first, second])).not.toContain('canary');
});

test('a message made to look like a stack does not get in by that way', () => {
  const { log, lines } = setup();
  log.trouble('answer', new Error('x\n    at canary (file.ts:1:1)\n    at canary2'));
  expect(lines.join('')).not.toContain('canary');
  expect(lines.join('')).toContain('log.test.ts');
});

test('texts from outside forge no line and hide nothing', () => {
  const { log, lines, records } = setup();
  const hostile = 'a\n{"level":"info"}\r\u2028\u2029\u001b[31m\u0085\u009b\u202e\u200b\ufeff\u{e0041}z';
  log.attemptEnded({ ...admitted, channelId: hostile }, request);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
  expect(records()[0].channelId).toBe(hostile);
});

test('a secret of the configuration is taken out wherever it stands', () => {
  const secret = 'pass"word\\1234';
  const { log, lines } = setup({ secrets: [secret, 'short'] });
  log.trouble('start', new GuestpassError('storage_unavailable', `postgres://u:${secret}@host is down, in short.`));
  expect(lines.join('')).not.toContain('word');
  expect(lines.join('')).toContain('[secret]');
  expect(lines.join('')).toContain('in short');
});

test('lines below the level are left out', () => {
  const write = (level: LogOptions['level']) => {
    const { log, lines } = setup(level ? { level } : {});
    log.stopping();
    log.trouble('x', new Error('y'));
    return lines.length;
  };
  expect([write(undefined), write('debug'), write('warn'), write('error'), write('silent')]).toEqual([2, 2, 1, 1, 0]);
});

test('whatever a line is about, it is one line of printable JSON that gives everything back', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (channelId, correlationId) => {
      const { log, lines } = setup();
      log.attemptEnded({ ...admitted, channelId, correlationId }, request);
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toMatch(/(?!\n$)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ correlationId, channelId });
    }),
  );
});

test('what is no field of a line does not get in, whatever else it holds', () => {
  const { log, lines } = setup();
  const canary = { sessionToken: 'canary', authorization: 'canary', attributes: { a: 'canary' } };
  const methods: ((log: GatewayLog) => void)[] = [
    ({ attemptEnded }) => attemptEnded({ ...admitted, ...canary }, { ...request, ...canary }),
    ({ requestRefused }) => requestRefused({ ...request, code: 'x', ...canary }),
    ({ turnedAway }) => turnedAway({ address: '::1', code: 'x', ...canary }),
    ({ withdrawalEnded }) =>
      withdrawalEnded({ ...request, outcome: 'withdrawn', code: null, attemptId: 'att_1', ...canary }),
    ({ operatorSignedIn }) => operatorSignedIn({ ...request, operator: undefined, failure: 'x', ...canary }),
    ({ operatorActed }) => operatorActed({ ...request, operator: undefined, action: 'x', status: 200, ...canary }),
    ({ receiverRefuses }) => receiverRefuses({ endpointId: 'ep_1', status: 401, remedy: 'x', ...canary }),
    ({ trouble }) => trouble('x', Object.assign(new Error('x'), canary), { ...request, ...canary }),
  ];
  for (const method of methods) method(log);
  expect(lines).toHaveLength(methods.length);
  expect(lines.join('')).not.toContain('canary');
});

test('secrets that changed are taken out from then on', () => {
  const [old, fresh] = ['canary-of-yesterday', 'canary-of-today'];
  let secrets: readonly string[] = [old];
  const { log, lines } = setup({ secrets: () => secrets });
  const tell = () => log.listening({ name: 'public', url: `http://${old}/${fresh}` });
  tell();
  secrets = [old, fresh];
  tell();
  expect(lines.map((line) => JSON.parse(line).url)).toEqual([`http://[secret]/${fresh}`, 'http://[secret]/[secret]']);
});
