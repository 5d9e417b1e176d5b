import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestGateway, testGateway } from '../testing/gateway.ts';
import { type Props, play } from '../testing/play.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await testGateway();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const purge = (flags: readonly string[], props: Props = {}) =>
  play(['deliveries', 'purge', ...flags], { ...props, env: { ...gateway.env, ...props.env } });

const count = async (state: string) =>
  (await gateway.database.query('select id from guestpass.deliveries where state = $1', [state])).length;

test('what was given up is counted first, and deleted when a person agrees or a script says so', async () => {
  await gateway.letIn();
  await gateway.letIn();
  await expect.poll(() => count('delivered'), { timeout: 10_000 }).toBe(2);
  await gateway.database.query("update guestpass.deliveries set state = 'dead'");
  const dry = await purge(['--all', '--dry-run']);
  expect(dry).toMatchObject({ code: 0, out: '2 deliveries would be deleted. Nothing was changed.\n' });
  expect((await purge(['--older-than', '30d', '-y'])).out).toBe('No delivery that was given up matches.\n');

  const refused = await purge(['--all'], { tty: true, stdin: 'n\n' });
  expect(refused).toMatchObject({ code: 1, err: 'Delete 2 deliveries for good? [y/N] Nothing was deleted.\n' });
  const silent = await purge(['--all']);
  expect(silent).toMatchObject({ code: 2, err: expect.stringContaining('nobody to ask') });
  expect(await count('dead')).toBe(2);

  const [first] = await gateway.database.query('select id from guestpass.deliveries order by number limit 1');
  const agreed = await purge([String(first?.id)], { tty: true, stdin: 'y\n' });
  expect(agreed).toMatchObject({ code: 0, out: '1 delivery is deleted.\n' });
  expect((await purge(['--all', '-y', '--json'])).out).toBe('{\n  "dryRun": false,\n  "count": 1\n}\n');
  expect(await count('dead')).toBe(0);
});

test('a purge says which deliveries are meant', async () => {
  expect((await purge(['-y'])).err).toContain('nor is --all');
  expect((await purge(['dlv_1', '--all', '-y'])).err).toContain('does not go with');
});
