import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage } from '../browser/support/console-stage.ts';

// Operators who sign in at an OpenID provider, over real sockets from end to end.

let stage: ConsoleStage;

beforeAll(async () => {
  stage = await openConsoleStage();
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** A browser without scripts: it follows where it is sent, and keeps the cookies of each host as one. */
function openBrowser() {
  const jar = new Map<string, string>();
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const go = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, { ...init, headers: { cookie: cookie() }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || line.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, value);
    }
    const text = await response.text();
    return { response, text, next: new URL(response.headers.get('location') ?? '/nowhere', url).href };
  };
  return { jar, cookie, go };
}

type Browser = ReturnType<typeof openBrowser>;

const start = () => `${stage.service.operatorUrl}/v1/operator-sign-in/start`;

/** Goes to the provider, signs in there, and returns the address that leads back. */
async function signInAs(account: string, browser: Browser): Promise<string> {
  const begun = await browser.go(start());
  const form = await browser.go(begun.next);
  const resume = await browser.go(form.next, { method: 'POST', body: new URLSearchParams({ account }) });
  return (await browser.go(resume.next)).next;
}

const askAs = async (browser: Browser, path: string, init: RequestInit = {}) => {
  const headers = { cookie: browser.cookie(), 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
  const response = await fetch(`${stage.service.operatorUrl}${path}`, { ...init, headers });
  // A cast, because the answer is our own gateway's.
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
};

const lastLine = () => JSON.parse(stage.lines.findLast((line) => line.includes('operator sign')) ?? '{}');

test('who has a role at the provider comes in by name, for the configured time, and is on record with the issuer', async () => {
  const attemptId = await stage.letIn();
  const browser = openBrowser();
  const back = await signInAs('ada', browser);
  const came = await browser.go(back);
  expect([came.response.status, new URL(came.next).pathname]).toEqual([302, '/console']);
  const session = came.response.headers.getSetCookie().find((line) => line.startsWith('guestpass_operator='));
  expect(session).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=28800$/);
  expect([...browser.jar.keys()]).not.toContain('guestpass_sign_in');
  expect((await askAs(browser, '/v1/operator')).body).toMatchObject({ name: 'ada', role: 'auditor' });
  expect(lastLine()).toMatchObject({ msg: 'operator signed in', operator: 'ada', role: 'auditor' });
  expect((await askAs(browser, '/v1/erasures', { method: 'POST', body: '{}' })).status).toBe(403);
  await askAs(browser, `/v1/attempts/${attemptId}`);
  const audit = await askAs(browser, '/v1/audit?type=OPERATOR_ATTEMPT_READ&limit=1');
  // A cast, because the answer is our own gateway's.
  const [record] = audit.body.data as { line: string }[];
  expect(JSON.parse(record?.line ?? '')).toMatchObject({
    operator: 'ada',
    role: 'auditor',
    issuer: expect.stringMatching(/\/_oidc$/),
    attemptId,
  });
});

test('who has no role there does not come in, and the log says why', async () => {
  const browser = openBrowser();
  const came = await browser.go(await signInAs('mallory', browser));
  expect(came.next).toBe(`${stage.service.operatorUrl}/console#sign-in=refused`);
  expect(lastLine()).toMatchObject({ msg: 'operator sign-in failed', failure: 'no_role' });
  expect((await askAs(browser, '/v1/operator')).status).toBe(401);
});

test('a way back that another browser began is refused, and so is one that comes twice', async () => {
  const [mine, yours] = [openBrowser(), openBrowser()];
  const back = await signInAs('olga', yours);
  await mine.go(start());
  expect((await mine.go(back)).next).toContain('#sign-in=refused');
  expect(lastLine()).toMatchObject({ failure: 'oauth_invalid_response' });
  expect((await openBrowser().go(back)).next).toContain('#sign-in=refused');
  expect(lastLine()).toMatchObject({ failure: 'not_begun_here' });
  expect((await yours.go(back)).next).toBe(`${stage.service.operatorUrl}/console`);
  expect((await yours.go(back)).next).toContain('#sign-in=refused');
  expect((await askAs(mine, '/v1/operator')).status).toBe(401);
});

test('whoever comes back from nowhere again and again does not fill the log', async () => {
  const before = stage.lines.length;
  for (let index = 0; index < 30; index += 1)
    await openBrowser().go(start().replace('start', 'callback?code=a&state=b'));
  expect(stage.lines.length - before).toBeLessThan(3);
});

test('no token and no secret is in a cookie, a line of the log or the database', async () => {
  const browser = openBrowser();
  const begun = await browser.go(start());
  const pending = browser.jar.get('guestpass_sign_in') ?? '';
  const { searchParams } = new URL(begun.next);
  expect(Buffer.from(pending, 'base64url').toString()).not.toContain(searchParams.get('state') ?? '?');
  expect(searchParams.get('code_challenge_method')).toBe('S256');
  const told = stage.lines.join('');
  expect(told).not.toContain('sim-site-secret');
  expect(told).not.toContain('eyJ');
});

test('anybody is told where operators sign in', async () => {
  const { body } = await askAs(openBrowser(), '/v1/operator-sign-in');
  expect(body.provider).toMatch(/^127\.0\.0\.1:\d+$/);
});
