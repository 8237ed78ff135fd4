import type { AddCommand } from '../shell.ts';
import { addDeadList } from './dead-list.ts';
import { addDeadPurge } from './dead-purge.ts';
import { addDeadReplay } from './dead-replay.ts';
import { addDeadShow } from './dead-show.ts';

export const addDead: AddCommand = (program, shell) => {
  const dead = program
    .command('dead')
    .description('Look at messages that ended undelivered, replay them or delete them.');
  for (const add of [addDeadList, addDeadShow, addDeadReplay, addDeadPurge]) add(dead, shell);
};
