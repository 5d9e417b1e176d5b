import pg from 'pg';
import { addressNow, type DatabaseAddress } from './address.ts';

/** The class of clients a pool opens that asks for the address each time. */
export function clientAt(address: DatabaseAddress): typeof pg.Client {
  return class extends pg.Client {
    constructor(options: pg.ClientConfig = {}) {
      super({ ...options, connectionString: addressNow(address) });
    }
  };
}
