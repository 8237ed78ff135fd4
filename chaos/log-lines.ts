import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Reads the workers' logs, one JSON object a line, file by file. Lines that are no log (a crash's stack) come as text. */
export async function* logLines(dir: string): AsyncGenerator<{ file: string; line: string }> {
  for (const file of (await readdir(dir)).toSorted()) {
    const lines = createInterface({ input: createReadStream(join(dir, file)) });
    for await (const line of lines) yield { file, line };
  }
}
