import * as z from 'zod';
import { instant } from './line.ts';
import { operation } from './operation.ts';

const settingSchema = z.object({
  name: z.string().describe('The environment variable, whatever name it was given by.'),
  value: z
    .string()
    .nullable()
    .describe('As it was written; null for a secret, for a setting that is not set, and for a default.'),
  origin: z
    .string()
    .nullable()
    .describe('Where it was set, such as a variable, or `default` for what goes with the target; null when it is not.'),
  secret: z.boolean().describe('True when the value is never told.'),
  fallback: z.string().describe('What is in force when it is not set, in words.'),
});

/** What this gateway runs with. */
export const configurationSchema = z.object({
  version: z.string(),
  node: z.string().describe('The version of Node.js.'),
  startedAt: instant,
  settings: z.array(settingSchema),
});

export type ConfigurationView = z.infer<typeof configurationSchema>;

export const getConfiguration = operation({
  id: 'getConfiguration',
  method: 'get',
  path: '/v1/configuration',
  tag: 'Operations',
  role: 'viewer',
  summary: 'Show the settings in force, and where each was set',
  description: 'Of the gateway that answers. Secrets are not told, not even in part.',
  answers: { 200: { description: 'The configuration.', schema: configurationSchema } },
  problems: ['not_found'],
});
