import * as z from 'zod/mini';

/**
 * The error body of the Genesys Cloud API (`ErrorBody` in its published SDK documentation), with every field optional:
 * proxies on the way answer too.
 */
export const platformErrorSchema = z.object({
  message: z.optional(z.string()),
  code: z.optional(z.string()),
  status: z.optional(z.number()),
  contextId: z.optional(z.string()),
  entityName: z.optional(z.string()),
  details: z.optional(
    z.array(
      z.object({
        errorCode: z.optional(z.string()),
        fieldName: z.optional(z.string()),
        entityId: z.optional(z.string()),
        entityName: z.optional(z.string()),
      }),
    ),
  ),
});

/** The body of an error of Genesys Cloud. */
export type PlatformError = z.infer<typeof platformErrorSchema>;
