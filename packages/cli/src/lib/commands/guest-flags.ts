import { type Command, InvalidArgumentError } from 'commander';

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
