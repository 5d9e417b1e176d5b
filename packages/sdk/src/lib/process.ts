/** The number of this process. */
export function ownPid(): number {
  return process.pid;
}

/** True when a process of this number runs on this host, whosever it is. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
