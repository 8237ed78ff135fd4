import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a module becomes a process of its own. */
export interface Program {
  file: string;
  /** Before the file, on the command line of Node. */
  execArgv: string[];
}

/** The bundle that `build/package-setup.ts` has made of it, where it has: tsx takes four times the CPU for a start. */
export function programOf(module: URL): Program {
  const file = fileURLToPath(module);
  const extension = extname(file);
  const bundles = process.env['HERALD_BUNDLES'];
  if (bundles !== undefined) return { file: join(bundles, `${basename(file, extension)}.mjs`), execArgv: [] };
  return { file, execArgv: extension === '.ts' ? ['--import', 'tsx'] : [] };
}
