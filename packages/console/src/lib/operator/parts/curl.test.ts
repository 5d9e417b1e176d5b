import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { curlOf } from './curl.ts';

test('what is copied asks for the same with the token of the shell', () => {
  expect(curlOf('/v1/attempts/att_1', 'http://127.0.0.1:4001')).toBe(
    `curl --fail-with-body -H "Authorization: Bearer $GUESTPASS_OPERATOR_TOKEN" 'http://127.0.0.1:4001/v1/attempts/att_1'`,
  );
});

test('an address runs nothing in a shell', () => {
  const command = curlOf("/v1/attempts?code='; echo broken out #$(echo broken)`id`", 'http://127.0.0.1:4001');
  const { stdout } = spawnSync('sh', ['-c', `curl() { shift 3; printf %s "$#:$1"; }; ${command}`], {
    encoding: 'utf8',
  });
  expect(stdout).toBe(
    `1:${new URL("/v1/attempts?code='; echo broken out #$(echo broken)`id`", 'http://127.0.0.1:4001').href}`,
  );
});
