import { undiciClient } from '../clients/undici.ts';

/** One guest by undici alone, with a token that needs not be asked for, then the end. */
const [url = ''] = process.argv.slice(2);
const client = undiciClient(url, 1);
await client.guest();
await client.close();
