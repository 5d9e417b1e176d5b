import { officialSdkClient } from '../clients/official-sdk.ts';

/** One guest by Genesys' own SDK, then the end. */
const [url = ''] = process.argv.slice(2);
const client = await officialSdkClient(url);
await client.guest();
await client.close();
process.exit(0);
