import { startGateway } from '@guestpass/gateway';
import { optionsFor, type Wanted } from './options.ts';

/**
 * A gateway in a process of its own, to be killed. Tells its parent where it listens; SIGTERM ends it in good order, and
 * the end of the parent ends it too.
 */
// A cast, because the parent of this process wrote it.
const wanted = JSON.parse(process.argv[2] ?? '') as Wanted;
const problem = (error: unknown) => console.error(error);
process.once('disconnect', () => process.exit(1));
const gateway = await startGateway(optionsFor(wanted, { problem }));
process.once('SIGTERM', () => void gateway.stop().then(() => process.exit(0)));
process.send?.(gateway.url);
