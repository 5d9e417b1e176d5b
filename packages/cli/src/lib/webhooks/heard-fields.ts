/** Fields of what `listen` tells: those of the event, then what was made of it. */
export const heardFields = [
  'type',
  'timestamp',
  'data.*',
  'payload',
  'verified',
  'reason',
  'id',
  'repeat',
  'late',
  'status',
  'forwarded.*',
] as const;
