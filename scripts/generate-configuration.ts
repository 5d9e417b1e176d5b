// Writes docs/configuration.md from the table of settings, so that page and code cannot disagree.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSettings, type Setting } from 'guestpass';

/** Where the page stands. */
export const configurationPage = join(import.meta.dirname, '..', 'docs', 'configuration.md');

const opening = `# Configuration

<!-- Written by \`npm run docs\` from the table of settings in the SDK. Change the table, not this page. -->

The command line reads these from flags, from the environment, and from \`.env\` in the working directory, in that order of
strength. \`guestpass config show\` prints each value with its origin. In a program of yours, \`readConfig\` reads them from
whatever you hand it, and the SDK itself reads nothing behind your back:

\`\`\`ts
import { readFileSync } from 'node:fs';
import { createGuestpass, readConfig } from 'guestpass';

const { options } = readConfig(process.env, { readFile: (path) => readFileSync(path, 'utf8') });
await using guestpass = createGuestpass(options);
\`\`\``;

const closing = `## Rules

- A setting's own name wins over the other names it is known by. An empty variable counts as unset, but for
  \`GUESTPASS_SCOPE\`, where it asks for no scope, and for \`GUESTPASS_CLIENT_ID\` and \`GUESTPASS_CLIENT_SECRET\`, where it
  is a fault.
- Nothing is guessed: without a target or an environment the program does not start, and the simulator is used only when
  \`GUESTPASS_TARGET=simulator\` says so.
- With the target \`genesys\` the environment must use https, and the simulator's public secret is refused. Plain http is
  spoken to loopback addresses only.
- A \`GUESTPASS_\` variable that is not in this table is a fault, with a suggestion when it looks like one that is.
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
  const { name, fallback, doc } = setting;
  return `| \`${name}\` | ${cell(doc)} | ${cell(fallback)} | ${alsoRead(setting)} |`;
}

/** The page as it should read now. */
export function renderConfiguration(): string {
  const table = [
    '| Setting | Meaning | Default | Also read from |',
    '| --- | --- | --- | --- |',
    ...Object.values<Setting>(configSettings).map(row),
  ];
  return `${[opening, '## Settings', table.join('\n'), closing].join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(configurationPage, renderConfiguration());
