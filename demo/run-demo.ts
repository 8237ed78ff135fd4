import { EXIT, type ExitCode, type OutputStream } from '../src/cli/context.ts';
import type { Invocation } from '../src/cli/shell.ts';
import { conclude, firstAct, type Stage, secondAct } from './closing.ts';
import { createEnding, type Ending } from './ending.ts';
import { mendAndReplay } from './mending.ts';
import { planMessages } from './message-plan.ts';
import { createPaint, type Paint } from './paint.ts';
import { openPerformance, type Performance } from './performance.ts';
import { createRemarks, type Remarks } from './remarks.ts';
import { openScene, type Scene } from './scene.ts';
import { openScreen } from './screen.ts';

/** Long enough for a machine that does much else. */
const DEADLINE_MS = 60_000;

/** One demo from start to end; whatever happens, nothing of it is left. */
export async function runDemo(invocation: Invocation): Promise<ExitCode> {
  const { context, output } = invocation;
  const startedAt = context.clock.monotonic();
  // With --json, standard output belongs to the closing document.
  const stream = output.json ? context.stderr : context.stdout;
  const tell = (line: string): void => void stream.write(`${line}\n`);
  const remarks = createRemarks();
  const ending = createEnding(context.signal, DEADLINE_MS);
  const paint = createPaint(stream, context.env);
  let scene: Scene | undefined;
  try {
    tell('Starting a Redis, four simulated platforms and two workers …');
    const onBroken = (name: string): void => ending.fail(`${name} ended by itself`);
    scene = await openScene({ context, tell, onAttempt: remarks.hear, onBroken });
    const held = await play({ invocation, scene, ending, remarks, stream, paint, startedAt, tell });
    return held ? EXIT.done : EXIT.partly;
  } catch (error) {
    if (context.signal.aborted) {
      await scene?.close();
      output.note('herald: interrupted; nothing is left running');
      return EXIT.partly;
    }
    if (scene) tellLogs(scene, context.stderr);
    throw error;
  } finally {
    ending.release();
    await scene?.close();
  }
}

interface Play {
  invocation: Invocation;
  scene: Scene;
  ending: Ending;
  remarks: Remarks;
  stream: OutputStream;
  paint: Paint;
  startedAt: number;
  tell(line: string): void;
}

/** @returns whether the promise held */
async function play(parts: Play): Promise<boolean> {
  const { scene, ending, paint, tell } = parts;
  const { clock } = parts.invocation.context;
  const { output } = parts.invocation;
  const { signal } = ending;
  const plan = planMessages();
  const performance = await openPerformance({ scene, plan, clock, signal, latest: parts.remarks.latest });
  try {
    await show(performance, parts);
    const stage: Stage = { scene, performance, paint };
    const first = firstAct(stage);
    tell(first.text);
    const second = secondAct(stage, await mendAndReplay(scene, performance, signal));
    tell(second.text);
    return conclude(first, second, { output, paint, tookMs: clock.monotonic() - parts.startedAt });
  } finally {
    await performance.close();
  }
}

async function show(performance: Performance, { stream, paint }: Play): Promise<void> {
  const screen = openScreen(stream, paint, performance.snapshot);
  try {
    await performance.run();
  } finally {
    screen.close();
  }
}

/** For whoever has to find out why it failed: the files are gone, so the last lines are shown. */
function tellLogs({ workers }: Scene, stderr: OutputStream): void {
  for (const { name, state, tail } of workers) {
    stderr.write(`\n${name} (${state}), the last of its log:\n${tail.join('\n')}\n`);
  }
}
