import { connect, createServer, type Socket } from 'node:net';
import { systemClock } from 'guestpass';
import { expect, test } from 'vitest';
import { testDatabase } from '../testing/postgres.ts';
import { openDeliveryQueue } from './delivery-queue.ts';

test('a queue that cannot be opened leaves no connection behind', async () => {
  await using database = await testDatabase();
  const open = () => openDeliveryQueue({ url: database.url, clock: systemClock, onProblem: () => {} });
  await (await open())[Symbol.asyncDispose]();
  await database.query(
    `create function guestpass_jobs.refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no more queues'; end $$`,
  );
  await database.query(
    'create trigger refuse before insert on guestpass_jobs.queue for each row execute function guestpass_jobs.refuse()',
  );
  await expect(open()).rejects.toThrow('no more queues');
  const connections = `select count(*)::int as left_open from pg_stat_activity
    where application_name = 'guestpass-jobs' and datname = current_database()`;
  await expect.poll(() => database.query(connections)).toEqual([{ left_open: 0 }]);
});

/** Stands before a database, and can be made to swallow everything. */
async function swallower(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => void (swallows || to.write(chunk)));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const at = new URL(url);
  at.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: at.href,
    swallow() {
      swallows = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

test('a queue whose database hangs ends all the same', async () => {
  await using database = await testDatabase();
  await using between = await swallower(database.url);
  const told = Promise.withResolvers<unknown>();
  const queue = await openDeliveryQueue({
    url: between.url,
    clock: systemClock,
    answerTimeoutMs: 300,
    onProblem: told.resolve,
  });
  await queue.start({ prepare: async () => new Map(), deliver: async () => {} });
  between.swallow();
  expect(await told.promise).toBeInstanceOf(Error);
  await queue[Symbol.asyncDispose]();
}, 10_000);
