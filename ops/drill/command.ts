import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** A command as an operator gave it, and what it said. */
export interface Given {
  command: string;
  output: string;
  exitCode: number;
}

/** Runs `herald` with these arguments, with the configuration of the drill. */
export async function herald(configFile: string, args: readonly string[]): Promise<Given> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [exitCode] = (await once(child, 'close')) as [number];
  return { command: `herald ${args.join(' ')}`, output: output.trimEnd(), exitCode };
}
