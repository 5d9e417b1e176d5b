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
