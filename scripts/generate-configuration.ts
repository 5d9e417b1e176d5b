// Writes docs/configuration.md from the tables of settings, so that page and code cannot disagree.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatewaySettings } from '@guestpass/gateway/config';
import { configSettings, type Setting } from 'guestpass';

/** Where the page stands. */
export const configurationPage = join(import.meta.dirname, '..', 'docs', 'configuration.md');

const opening = `# Configuration

<!-- Written by \`npm run docs\` from the tables of settings in the SDK and the gateway. Change the tables, not this page. -->

The command line reads these from flags, from the environment, from \`.env\` in the working directory, and from the
[profile](../packages/cli/README.md#profiles) that one of them names, in that order of strength. \`guestpass config show\`
prints each value with its origin. In a program of yours, \`readConfig\` reads them from whatever you hand it, and the SDK
itself reads nothing behind your back:

\`\`\`ts
import { readFileSync } from 'node:fs';
import { createGuestpass, readConfig } from 'guestpass';

const { options } = readConfig(process.env, { readFile: (path) => readFileSync(path, 'utf8') });
await using guestpass = createGuestpass(options);
\`\`\``;

const gatewayOpening = `## Settings of the gateway

\`guestpass serve\` reads these beside the ones above, from the same places. \`GUESTPASS_CAPTCHA_POLICY\` is stricter here
than for the command line, and a consent is by default good for 15 minutes, with 60 seconds of skew. What a file of
notices holds is told in [consent.md](consent.md).`;

const closing = `## Rules

- A setting's own name wins over the other names it is known by. An empty variable counts as unset, but for
  \`GUESTPASS_SCOPE\`, where it asks for no scope, and for \`GUESTPASS_CLIENT_ID\` and \`GUESTPASS_CLIENT_SECRET\`, where it
  is a fault.
- Nothing is guessed: without a target or an environment the program does not start, and the simulator is used only when
  \`GUESTPASS_TARGET=simulator\` says so.
- With the target \`genesys\` the environment must use https, and the simulator's public secret is refused. Plain http is
  spoken to loopback addresses only.
- A secret is never printed. The variable ending in \`_FILE\` names a file that holds it; setting both is a fault.
- \`guestpass serve\` reads secrets again when their file changes, and on \`SIGHUP\` with \`.env\`; what takes effect without a
  restart is told in [operations](operations.md#secrets).
- A \`GUESTPASS_\` variable that is in neither table is a fault, with a suggestion when it looks like one that is. One
  environment may serve the command line and the gateway.
- All faults are told at once, as one [\`config_invalid\`](errors.md#config_invalid) that repeats no value. The command line
  ends with exit code 2.

## The tutorial's variables

\`GENESYS_CLIENT_ID\`, \`GENESYS_CLIENT_SECRET\`, \`GENESYS_ENV\` and \`WEBMSG_CHANNEL_ID\` are read as the tutorial means them,
except that \`GENESYS_ENV\` has no default and a host name in it is used as it is: \`usw2.mygenesys.com\` means
\`https://usw2.mygenesys.com\`.`;

const cell = (text: string) => text.replaceAll('|', '\\|');

const alsoRead = ({ name, aliases, secret }: Setting) =>
  [...aliases, ...(secret ? [`${name}_FILE`] : [])].map((other) => `\`${other}\``).join(', ');

function row(setting: Setting): string {
  const { name, fallback, doc, secret } = setting;
  return `| \`${name}\` | ${cell(doc)} | ${cell(fallback)} | ${secret ? 'yes' : ''} | ${alsoRead(setting)} |`;
}

function tableOf(settings: Readonly<Record<string, Setting>>): string {
  const head = ['| Setting | Meaning | Default | Secret | Also read from |', '| --- | --- | --- | --- | --- |'];
  return [...head, ...Object.values(settings).map(row)].join('\n');
}

/** The page as it should read now. */
export function renderConfiguration(): string {
  const parts = [opening, '## Settings', tableOf(configSettings), gatewayOpening, tableOf(gatewaySettings), closing];
  return `${parts.join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(configurationPage, renderConfiguration());
