import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The examples of the documentation, as files of an application: a block of TypeScript each. */

const BLOCK = /^```ts\n(?:\/\/ (\S+\.ts)\n)?([\s\S]*?)^```$/gm;

/**
 * Writes each block to a file of the name that its first line says, or of the page's and a number.
 * @param substitutes what stands in for addresses that the page names
 * @returns the files written, relative to `dir`
 */
export async function writeExamples(
  dir: string,
  pageName: string,
  substitutes: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const page = readFileSync(pageName, 'utf8');
  const files: string[] = [];
  await mkdir(join(dir, 'examples'), { recursive: true });
  for (const [, given, block = ''] of page.matchAll(BLOCK)) {
    const name = given ?? `${basename(pageName, '.md')}-${files.length + 1}.ts`;
    const text = Object.entries(substitutes).reduce((left, [from, to]) => left.replaceAll(from, to), block);
    await writeFile(join(dir, 'examples', name), text);
    files.push(`examples/${name}`);
  }
  return files;
}

export interface RunningExample {
  /** Resolves once the output so far holds the text; rejects when the example ends without. */
  says(text: string): Promise<void>;
  /** Asks it to end with SIGTERM, if it still runs. */
  end(): void;
  /** Resolves with the whole output once it ended by itself or by `end`; rejects where it failed. */
  readonly output: Promise<string>;
}

export function runExample(dir: string, name: string, env: Record<string, string>): RunningExample {
  const child: ChildProcess = spawn(process.execPath, [`out/${name}.js`], {
    cwd: dir,
    env: { ...process.env, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      child.emit('said');
    });
  const output = once(child, 'close').then(([code]) => {
    child.emit('said');
    if (code !== 0) throw new Error(`example ${name} ended with ${code}: ${text}`);
    return text;
  });
  output.catch(() => {});
  return {
    output,
    async says(wanted) {
      while (!text.includes(wanted)) {
        if (child.exitCode !== null) throw new Error(`example ${name} never said ${wanted}: ${text}`);
        await once(child, 'said');
      }
    },
    end: () => void child.kill('SIGTERM'),
  };
}
