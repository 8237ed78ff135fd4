import type { AddCommand } from '../shell.ts';
import { addDeadList } from './dead-list.ts';
import { addDeadPurge } from './dead-purge.ts';
import { addDeadReplay } from './dead-replay.ts';
import { addDeadShow } from './dead-show.ts';

const HELP = `
Examples:
  $ herald dead list --since 2h
  $ herald dead replay --reason exhausted --yes`;

export const addDead: AddCommand = (program, shell) => {
  const dead = program
    .command('dead')
    .description('List, replay or purge dead letters: messages that ended undelivered.')
    .addHelpText('after', HELP);
  for (const add of [addDeadList, addDeadShow, addDeadReplay, addDeadPurge]) add(dead, shell);
};
