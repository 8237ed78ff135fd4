import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { CommandContext, InputStream } from '../context.ts';
import { wrongUsage } from '../failure.ts';

/** Bytes from a file or from standard input. */
export interface Source {
  /** For people: the file's name as given, or `standard input`. */
  name: string;
  /** Ends quietly when it is closed, or the command is interrupted, wherever that cuts it. */
  chunks: AsyncIterable<Uint8Array>;
  /** Aborted then. */
  cut: AbortSignal;
  /** Unknown for standard input. */
  totalBytes: number | undefined;
  bytesRead(): number;
  /** Ends the chunks, also while they are waited for: an input that stays open would keep the process alive. */
  close(): void;
}

const CHUNK_BYTES = 256 * 1024;

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

const unreadable = (path: string, error: unknown) => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return wrongUsage(`cannot read ${path}: ${REASONS[code] ?? message}`, error);
};

async function openFile(path: string): Promise<{ handle: FileHandle; size: number | undefined }> {
  const handle = await open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const stat = await handle.stat();
  if (stat.isDirectory()) {
    await handle.close();
    throw wrongUsage(`cannot read ${path}: it is a directory`);
  }
  // A pipe or a device has no size to speak of.
  return { handle, size: stat.isFile() ? stat.size : undefined };
}

function readAll(name: string, stream: InputStream, signal: AbortSignal): Omit<Source, 'totalBytes'> {
  let bytes = 0;
  const cut = new AbortController();
  const close = (): void => {
    cut.abort();
    stream.destroy?.();
  };
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    // Wakes up a read that waits for a person's next line.
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    try {
      for await (const chunk of stream) {
        const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        bytes += buffer.length;
        yield buffer;
      }
      // Ctrl-C ends also what writes into the pipe, and the end of that may be read a moment before the signal.
      await endOfTurn();
    } catch (error) {
      if (!cut.signal.aborted) throw unreadable(name, error);
    } finally {
      signal.removeEventListener('abort', close);
    }
  }
  return { name, chunks: chunks(), cut: cut.signal, bytesRead: () => bytes, close };
}

/** Opens a file, or standard input for no path and for `-`. Throws a usage failure that names the file. */
export async function openSource(path: string | undefined, context: CommandContext): Promise<Source> {
  const { stdin, signal } = context;
  if (path === undefined || path === '-') {
    return { totalBytes: undefined, ...readAll('standard input', stdin, signal) };
  }
  const { handle, size } = await openFile(path);
  const stream = handle.createReadStream({ highWaterMark: CHUNK_BYTES });
  return { totalBytes: size, ...readAll(path, stream, signal) };
}
