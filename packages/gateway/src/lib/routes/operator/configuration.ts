import { type ConfigurationView, getConfiguration } from '../../openapi/configuration.ts';
import { nodeVersion } from '../../process.ts';
import type { SettingInForce } from '../../settings/settings-in-force.ts';
import { notFound, type OperatorRoute, route } from './route.ts';

/** What a gateway runs with. */
export interface Configuration {
  /** Of the program. */
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedMs: number;
  /** Asked for each time: secrets change while it runs, and with them where they come from. */
  readonly settings: () => readonly SettingInForce[];
}

/** Tells what this gateway runs with. Without a configuration there is nothing at the address. */
export function createConfigurationRoutes(configuration: Configuration | undefined): readonly OperatorRoute[] {
  return [
    route(getConfiguration, () => {
      if (!configuration) return notFound;
      const { version, startedMs, settings } = configuration;
      const startedAt = new Date(startedMs).toISOString();
      return Response.json({
        version,
        node: nodeVersion(),
        startedAt,
        settings: [...settings()],
      } satisfies ConfigurationView);
    }),
  ];
}
