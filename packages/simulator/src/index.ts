export type { SimulatorClock } from './lib/clock.ts';
export type { FaultBody, SimulatorFault } from './lib/faults/fault.ts';
export type { Faults, OpenFault } from './lib/faults/faults.ts';
export type { ChannelStatus } from './lib/guests/guests-endpoint.ts';
export type { RecordedRequest } from './lib/journal/journal.ts';
export type { SimulatedClient } from './lib/oauth/token-endpoint.ts';
export type { Listening, ListenOptions } from './lib/server/listen.ts';
export type { SimulatorOptions } from './lib/settings.ts';
export { createSimulator, type Simulator, type SimulatorStats } from './lib/simulator.ts';
