import * as z from 'zod';

const kind = z.looseObject({ type: z.string() });

/** What the messenger tells beside presence and typing, by either side; only its frame is looked at. */
export const sideEvents = [
  z.looseObject({ eventType: z.literal('CoBrowse'), coBrowse: kind }),
  z.looseObject({ eventType: z.literal('Reactions'), reactions: z.array(z.looseObject({})) }),
  z.looseObject({ eventType: z.literal('Video'), video: kind }),
] as const;

export type SideEvent = z.infer<(typeof sideEvents)[number]>;
