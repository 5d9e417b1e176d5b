import type { Command } from 'commander';

/** What `--profile` does, wherever it is known. */
export const profileHelp = 'settings of a profile, where nothing else says so; see guestpass profiles';

/** Flags that say where guests go, and how. */
export function addTargetFlags(command: Command): void {
  command
    .optionsGroup('The platform:')
    .option('--profile <name>', profileHelp)
    .option('--target <name>', 'simulator or genesys')
    .option('--environment <name>', 'URL, host name or Genesys region, such as usw2')
    .option('--issuer <name>', 'rest, or the published protocol: web-messaging, authenticated-web-messaging')
    .option('--origin <origin>', 'Origin sent by both of web messaging, such as https://shop.example')
    .option('--client-id <id>', 'OAuth client')
    .option('--client-secret-file <file>', 'file that holds the secret of the client');
}

/** The same, where the secret may come from standard input too. */
export function addPlatformFlags(command: Command): void {
  addTargetFlags(command);
  command.addOption(
    command
      .createOption('--client-secret-stdin', 'read the secret of the client from standard input')
      .conflicts(['clientSecretFile']),
  );
}
