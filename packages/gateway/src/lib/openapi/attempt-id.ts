import * as z from 'zod';

/** The id of an attempt, as callers and answers tell it. */
export const attemptId = z.string().regex(/^att_[A-Za-z0-9_-]{1,60}$/, 'must be the id of an attempt');
