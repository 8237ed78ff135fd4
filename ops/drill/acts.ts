import { eventually } from '../../testing/eventually.ts';
import type { AlertLog } from './alert-log.ts';
import { type Given, herald } from './command.ts';
import { readPanel } from './panels.ts';
import type { Scene } from './scene.ts';

/** One step of what the drill tells, in the order in which it happened. */
export type Step =
  | { kind: 'told'; at: number; text: string }
  | { kind: 'panel'; at: number; title: string; lines: readonly string[] }
  | ({ kind: 'command'; at: number } & Given);

export interface Act {
  title: string;
  steps: readonly Step[];
}

export interface Stage {
  scene: Scene;
  alerts: AlertLog;
  /** Hears of each step as it happens. */
  tell(step: Step): void;
}

/** What an act may do, each noted with its moment. */
interface Prompt {
  say(text: string): void;
  panels(...titles: string[]): Promise<void>;
  /** @throws Error where its exit code is another than expected */
  command(args: readonly string[], exitCode?: number): Promise<Given>;
  /** Notes how long it took. */
  fires(alert: string): Promise<void>;
  ends(alert: string): Promise<void>;
}

export interface Script {
  title: string;
  play(prompt: Prompt, scene: Scene): Promise<void>;
}

export async function perform({ title, play }: Script, stage: Stage): Promise<Act> {
  const { scene, alerts } = stage;
  const steps: Step[] = [];
  const beganAt = alerts.now();
  const note = (step: Step): void => {
    steps.push(step);
    stage.tell(step);
  };
  const since = (): string => `${(alerts.now() - beganAt).toFixed(0)} s after this act began`;
  const prompt: Prompt = {
    say: (text) => note({ kind: 'told', at: alerts.now(), text }),
    async panels(...titles) {
      for (const panel of titles)
        note({
          ...{ kind: 'panel', at: alerts.now(), title: panel },
          lines: await readPanel(scene.prometheus, panel),
        });
    },
    async command(args, exitCode = 0) {
      const at = alerts.now();
      const given = await herald(scene.configFile, args);
      note({ kind: 'command', at, ...given });
      if (given.exitCode !== exitCode)
        throw new Error(`${given.command} ended with ${given.exitCode}, expected ${exitCode}`);
      return given;
    },
    async fires(alert) {
      const firing = await eventually(`${alert} to fire`, () => alerts.firing(alert), Boolean, PATIENCE);
      prompt.say(`**${alert}** (${firing?.severity}) fires for ${firing?.where}, ${since()}.`);
    },
    async ends(alert) {
      await eventually(`${alert} to end`, () => !alerts.firing(alert), Boolean, PATIENCE);
      prompt.say(`**${alert}** has ended, ${since()}.`);
    },
  };
  await play(prompt, scene);
  return { title, steps };
}

const PATIENCE = { withinMs: 240_000, everyMs: 500 };
