import type { AddCommand } from '../shell.ts';
import { addCampaign } from './campaign.ts';
import { addCancel } from './cancel.ts';
import { addChannel } from './channel.ts';
import { addDead } from './dead.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addExplain } from './explain.ts';
import { addPlays } from './plays.ts';
import { addQueue } from './queue.ts';
import { addRender } from './render.ts';
import { addReschedule } from './reschedule.ts';
import { addSandbox } from './sandbox.ts';
import { addSend } from './send.ts';
import { addStatus } from './status.ts';
import { addWorker } from './worker.ts';

/** Every command of Herald, in the order of the help. */
export const commands: readonly AddCommand[] = [
  addWorker,
  addSend,
  addRender,
  addPlays,
  addCampaign,
  addQueue,
  addCancel,
  addReschedule,
  addDead,
  addChannel,
  addExplain,
  addStatus,
  addDoctor,
  addSandbox,
  addDemo,
];
