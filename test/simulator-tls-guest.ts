import { createGuestpass, isGuestpassError } from 'guestpass';
import { connectSession } from 'guestpass/session';

// Runs in a process of its own: Node.js reads NODE_EXTRA_CA_CERTS once, when it starts. Reads the environment and the
// issuer from its arguments, comes in as a guest, talks, and writes what happened as JSON.

const [environment = '', issuer] = process.argv.slice(2);
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

async function talk(): Promise<object> {
  await using guestpass = createGuestpass({
    environment,
    issuer: issuer === 'rest' ? 'rest' : 'web-messaging',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    retry: { retries: 0 },
  });
  const pass = await guestpass.authenticate(payload);
  await using session = await connectSession(pass);
  await session.send('over TLS');
  const bytes = new TextEncoder().encode('a map');
  await session.attach({ name: 'map.txt', type: 'text/plain', bytes }, { text: 'the map' });
  const said: string[] = [];
  let echoed = '';
  for await (const { author, text, attachments } of session.messages()) {
    said.push(`${author}: ${text}`);
    const [file] = author === 'bot' ? attachments : [];
    if (file) echoed = new TextDecoder().decode(await session.download(file));
    if (said.length === 4) break;
  }
  const { messages } = await session.history();
  return { connect: pass.connect, said, echoed, history: messages.length };
}

/** What the system said, under everything that was said about it since. */
function reasonOf(error: unknown): unknown {
  const { cause, code } = Object(error);
  return cause === undefined ? code : reasonOf(cause);
}

const told = await talk().catch((error: unknown) => {
  if (isGuestpassError(error)) return { code: error.code, reason: reasonOf(error) };
  throw error;
});
process.stdout.write(JSON.stringify(told));
