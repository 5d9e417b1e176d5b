// Lets processes of one clone take turns where two at once would take each other's files away. Plain JavaScript, as
// set-up is.
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const pauseMs = 50;

/**
 * Takes the turn that this file stands for, and keeps it until the function it returns is called or this process ends,
 * however it ends. While another process has it, that one is told to `onWait`, once, and waited for. Where the file
 * cannot be made nobody waits.
 */
export function takeTurn(file, onWait) {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    take(file, onWait);
  } catch (error) {
    if (error.syscall === undefined) throw error;
    return () => {};
  }
  const end = () => rmSync(file, { force: true });
  process.once('exit', end);
  return () => {
    process.removeListener('exit', end);
    end();
  };
}

function take(file, onWait) {
  for (let isTold = false; !create(file); ) {
    const holder = textOf(file);
    if (holder === undefined) continue;
    if (!lives(holder)) {
      // Only who has the turn to clear away does, and looks again first: otherwise the slower one of two that found a
      // dead holder would remove the turn of the faster.
      const clearing = `${file}.clearing`;
      take(clearing, () => {});
      if (textOf(file) === holder) rmSync(file, { force: true });
      rmSync(clearing, { force: true });
      continue;
    }
    if (!isTold) onWait(Number.parseInt(holder, 10));
    isTold = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
}

/** False when it is there already; it is never there without the name of its holder. */
function create(file) {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${process.pid} ${birthOf(process.pid)}`);
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function lives(holder) {
  const [pid = '', birth] = holder.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return birthOf(pid) === birth;
}

/** Tells two processes with one number apart where Linux tells when they began (proc(5)). */
function birthOf(pid) {
  const stat = textOf(`/proc/${pid}/stat`) ?? '';
  // The command name may hold anything, so fields are counted from its closing parenthesis.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
