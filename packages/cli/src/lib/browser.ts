import { spawn } from 'node:child_process';
import { platform } from 'node:os';

/** The program that opens an address, as each system has it. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens an address in the browser of whoever sits here. Resolves with whether a program took it, and never rejects. */
export function openBrowser(url: string): Promise<boolean> {
  const [command, ...args] = openers[platform()] ?? ['xdg-open'];
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
