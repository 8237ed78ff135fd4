import type { AddCommand } from '../shell.ts';
import { addPlays } from './plays.ts';
import { addSandbox } from './sandbox.ts';
import { addSend } from './send.ts';

/** Every command of Herald, in the order of the help. */
export const commands: readonly AddCommand[] = [addSend, addPlays, addSandbox];
