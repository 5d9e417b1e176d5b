import { type Command, InvalidArgumentError } from 'commander';

/** What `--profile` does, wherever it is known. */
export const profileHelp = 'settings of a profile, where nothing else says so; see guestpass profiles';

/** Flags that describe the guest. */
export function addGuestFlags(command: Command): void {
  command
    .optionsGroup('The guest:')
    .option('--channel <id>', 'channel of the guest')
    .option('--consent', 'the guest accepted; never assumed')
    .option('--consent-timestamp <instant>', 'when the guest accepted, in ISO 8601; now unless told')
    .option('--captcha-provider <name>', 'who made the captcha')
    .option('--captcha-response <answer>', 'the answer to the captcha; good once')
    .option('--captcha-score <score>', 'score of the captcha, 0 to 1', readScore)
    .option('--attribute <key=value>', 'text for routing; may be repeated', readAttribute)
    .option('--payload <file>', 'JSON payload from a file, or - for standard input; flags win over it')
    .option('--sign-in-file <file>', 'JSON of code, redirectUri and codeVerifier, or - for standard input');
}

/** Flags that say where the guest goes, and how. */
export function addPlatformFlags(command: Command): void {
  command
    .optionsGroup('The platform:')
    .option('--profile <name>', profileHelp)
    .option('--target <name>', 'simulator or genesys')
    .option('--environment <name>', 'URL, host name or Genesys region, such as usw2')
    .option('--issuer <name>', 'rest, or the published protocol: web-messaging, authenticated-web-messaging')
    .option('--origin <origin>', 'Origin sent by both of web messaging, such as https://shop.example')
    .option('--client-id <id>', 'OAuth client')
    .option('--client-secret-file <file>', 'file that holds the secret of the client')
    .addOption(
      command
        .createOption('--client-secret-stdin', 'read the secret of the client from standard input')
        .conflicts(['clientSecretFile']),
    );
}

function readScore(text: string): number {
  const score = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (score >= 0 && score <= 1) return score;
  throw new InvalidArgumentError('Give a number from 0 to 1, such as 0.9.');
}

/** Names and values, gathered over every time the flag is given. */
export function readAttribute(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give a name and a value, such as origin=website.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Milliseconds, as the text of a setting. */
export function readSpan(text: string): string {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('Give a span such as 5s, 800ms or 2m.');
  return String(Number(digits) * { ms: 1, s: 1000, m: 60_000 }[unit === 's' || unit === 'm' ? unit : 'ms']);
}
