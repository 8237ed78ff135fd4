import type { AddCommand } from '../shell.ts';
import { addSandbox } from './sandbox.ts';

/** Every command of Herald, in the order of the help. */
export const commands: readonly AddCommand[] = [addSandbox];
