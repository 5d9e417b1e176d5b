import { main } from '../main.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

/** What a test says about the world of one command line; everything else is empty. */
export interface Props
  extends Partial<
    Pick<
      Surroundings,
      | 'env'
      | 'clock'
      | 'exchange'
      | 'network'
      | 'nodeVersion'
      | 'signal'
      | 'readStdin'
      | 'readLines'
      | 'isOpenToOthers'
      | 'openBrowser'
    >
  > {
  /** Text of each file by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Gets what is written, by path. */
  readonly written?: Map<string, Uint8Array>;
  /** True when a person sits at a terminal. */
  readonly tty?: boolean;
  /** When standard output takes more. Default at once. */
  readonly room?: () => Promise<void>;
  /** Called with everything standard output has got so far, whenever it gets more. */
  readonly onOut?: (out: string) => void;
}

export interface Played {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process, in a world that is plain data. */
export async function play(argv: readonly string[], props: Props = {}): Promise<Played> {
  const {
    files = {},
    stdin = '',
    tty = false,
    written = new Map(),
    onOut,
    env = {},
    room = async () => {},
    ...rest
  } = props;
  let out = '';
  let err = '';
  const code = await main({
    argv,
    env,
    terminal: {
      out(text) {
        out += text;
        onOut?.(out);
      },
      room,
      unread: new AbortController().signal,
      err(text) {
        err += text;
      },
      inIsTty: tty,
      outIsTty: tty,
      errIsTty: tty,
    },
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
    readStdin: async () => stdin,
    async *stdin() {
      yield new TextEncoder().encode(stdin);
    },
    async *readLines() {
      yield* stdin.split('\n');
    },
    readBytes(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return new TextEncoder().encode(text);
    },
    writeFile: (path, bytes) => void written.set(path, bytes),
    signal: new AbortController().signal,
    nodeVersion: '24.0.0',
    ...rest,
  });
  return { code, out, err };
}
