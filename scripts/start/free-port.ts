/** Opens something on the first port from here that nobody has, and tells of each one that is busy. */
export async function onFreePort<T>(from: number, open: (port: number) => Promise<T>): Promise<T> {
  // The gateway takes two ports, so the next try is two further on.
  for (let port = from; port < from + 40; port += 2) {
    try {
      return await open(port);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
      console.log(`  ! port ${port} or ${port + 1} is busy, trying ${port + 2}`);
    }
  }
  throw new Error(`No free port from ${from} to ${from + 39}.`);
}
