import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSimulator, type Listening, type Simulator } from '@guestpass/simulator';
import { type Attempt, createGuestpass, isGuestpassError } from 'guestpass';
import { jsonlAuditLog } from 'guestpass/audit';

/** The payload the tutorial sends, to the letter. */
const tutorialPayload = {
  channelId: process.env['WEBMSG_CHANNEL_ID'] ?? 'your-channel-id',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25...', score: 0.9 },
  attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
};
const auditFile = join('.guestpass', 'audit.jsonl');

const { values: flags } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

console.log('\n  guestpass · target: simulator (nothing here leaves this machine)\n');
await using simulator = createSimulator();
const { url, close } = await listenOnFreePort(simulator, 4010);
console.log(`  ✓ simulator   ${url}   OAuth and guests; what it was asked: ${url}/_sim/stats`);
try {
  const attempt = await authenticateOne(url);
  report(attempt);
  if (attempt.outcome !== 'admitted') process.exitCode = 1;
  else if (!flags.once) await untilStopped(url);
} catch (error) {
  if (!isGuestpassError(error)) throw error;
  console.error(`  ✗ ${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await close();
}

async function authenticateOne(environment: string): Promise<Attempt> {
  await using audit = await jsonlAuditLog(auditFile);
  await using guestpass = createGuestpass({
    environment,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    audit,
    onAudit: ({ eventType, sequence, hash }) => {
      console.log(`  ✓ audit       ${auditFile}   #${sequence} ${eventType} ${hash.slice(0, 12)}…`);
    },
  });
  const attempt = await guestpass.attempt(tutorialPayload);
  console.log(`  ✓ statistics  success rate ${guestpass.stats().successRate}%`);
  return attempt;
}

function report(attempt: Attempt): void {
  const stages = Object.entries(attempt.stages).map(([stage, ms]) => `${stage} ${ms}`);
  if (attempt.outcome !== 'admitted') {
    console.log(`  ✗ guest       ${attempt.outcome}: ${attempt.error.code}: ${attempt.error.message}`);
    return;
  }
  const { guestId, sessionToken, expiresAt } = attempt.guestPass;
  console.log(`  ✓ guest       ${guestId}   in ${attempt.durationMs} ms (${stages.join(' · ')})`);
  console.log(`                session token …${sessionToken.slice(-4)}, good until ${expiresAt}`);
}

async function untilStopped(environment: string): Promise<void> {
  console.log(`
  Try    npx guestpass authenticate --target simulator --environment ${environment} --channel demo --consent
         npx guestpass audit verify ${auditFile}

  Ctrl-C stops.`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

async function listenOnFreePort(simulator: Simulator, from: number): Promise<Listening> {
  for (let port = from; port < from + 20; port += 1) {
    try {
      return await simulator.listen({ port });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
      console.log(`  ! port ${port} is busy, trying ${port + 1}`);
    }
  }
  throw new Error(`No free port from ${from} to ${from + 19}.`);
}
