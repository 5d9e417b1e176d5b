import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** One built file, ready to be sent. */
export interface SiteFile {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same for `Accept-Encoding: gzip`, where that is smaller. */
  readonly gzipped: Uint8Array<ArrayBuffer> | undefined;
  readonly etag: string;
  /** Whether its name holds the hash of its content, so that it never changes. */
  readonly immutable: boolean;
}

/** The files of one page. */
export interface Site {
  /** The file with this path below the page, without a leading slash. `undefined` when there is none. */
  file(path: string): Promise<SiteFile | undefined>;
  /** The page itself. `undefined` when it was not built. */
  page(): Promise<SiteFile | undefined>;
}

/** Where `@guestpass/console` has the files of a page. */
export function siteDirectory(name: 'console' | 'guest'): string {
  const manifest = createRequire(import.meta.url).resolve('@guestpass/console/package.json');
  return join(dirname(manifest), 'dist', name);
}

/** Reads the directory once, when it is first asked; one that is not there is looked for again each time. */
export function createSite(directory: string): Site {
  let files: Promise<ReadonlyMap<string, SiteFile>> | undefined;
  const read = async () => {
    files ??= readFiles(directory);
    try {
      return await files;
    } catch (error) {
      files = undefined;
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return nothing;
      throw error;
    }
  };
  return {
    file: async (path) => (await read()).get(path),
    async page() {
      const found = [...(await read())].find(([path]) => path.endsWith('.html'));
      return found?.[1];
    },
  };
}

const nothing: ReadonlyMap<string, SiteFile> = new Map();

async function readFiles(directory: string): Promise<ReadonlyMap<string, SiteFile>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const files = await Promise.all(
    paths.map(async (path) => [relative(directory, path).split(sep).join('/'), await readSiteFile(path)] as const),
  );
  return new Map(files);
}

const zip = promisify(gzip);

async function readSiteFile(path: string): Promise<SiteFile> {
  const bytes = new Uint8Array(await readFile(path));
  const smaller = new Uint8Array(await zip(bytes));
  return {
    contentType: contentTypes[extname(path)] ?? 'application/octet-stream',
    bytes,
    gzipped: smaller.length < bytes.length ? smaller : undefined,
    etag: `"${hash('sha256', bytes, 'base64url').slice(0, 27)}"`,
    immutable: /-[\w-]{8}\.\w+$/.test(path),
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
