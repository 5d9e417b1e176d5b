import * as z from 'zod';

/**
 * The error body of the Genesys Cloud API (`ErrorBody` in its published SDK documentation), with every field optional:
 * proxies on the way answer too.
 */
export const platformErrorSchema = z.object({
  message: z.string().optional(),
  code: z.string().optional(),
  status: z.number().optional(),
  contextId: z.string().optional(),
  entityName: z.string().optional(),
  details: z
    .array(
      z.object({
        errorCode: z.string().optional(),
        fieldName: z.string().optional(),
        entityId: z.string().optional(),
        entityName: z.string().optional(),
      }),
    )
    .optional(),
});

/** The body of an error of Genesys Cloud. */
export type PlatformError = z.infer<typeof platformErrorSchema>;
