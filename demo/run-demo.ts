import { EXIT, type ExitCode } from '../src/cli/context.ts';
import { CommandFailure } from '../src/cli/failure.ts';
import type { Invocation } from '../src/cli/shell.ts';
import type { WorkerProcess } from '../testing/worker-process.ts';
import { byChannel, CHANNELS } from './channels.ts';
import { closingTable, NEXT_STEPS } from './closing.ts';
import { type DemoEnvironment, openDemo } from './environment.ts';
import { createPerformance, type Performance } from './performance.ts';
import { createPaint, openScreen } from './screen.ts';
import { kept } from './verdict.ts';
import { seconds } from './view.ts';

/** Long enough for a busy machine. */
const DEADLINE_MS = 60_000;
const LOG_CHARACTERS = 4_000;

/** One demo from start to end, which leaves nothing behind in any case. */
export async function runDemo(invocation: Invocation): Promise<ExitCode> {
  const { context, output } = invocation;
  const startedAt = context.clock.monotonic();
  // With --json, standard output belongs to the closing document.
  const stream = output.json ? context.stderr : context.stdout;
  const print = (line: string): void => void stream.write(`${line}\n`);
  const failure = new AbortController();
  const fail = (why: string): void => failure.abort(new CommandFailure(why, EXIT.partly));
  const late = `not finished within ${seconds(DEADLINE_MS)}: this machine is too busy, or messages got stuck`;
  const deadline = setTimeout(() => fail(late), DEADLINE_MS);
  const signal = AbortSignal.any([context.signal, failure.signal]);
  let env: DemoEnvironment | undefined;
  try {
    print('Starting a Redis, four simulated platforms and two workers …');
    const onBroken = ({ name, log }: WorkerProcess): void => {
      context.stderr.write(`\nthe last of the log of ${name}:\n${log().slice(-LOG_CHARACTERS)}\n`);
      fail(`${name} ended by itself`);
    };
    env = await openDemo({ context, print, onBroken });
    const performance = createPerformance(env, context.clock, signal);
    const closeScreen = openScreen(stream, createPaint(stream, context.env), performance.snapshot);
    await performance.play().finally(closeScreen);
    return conclude(performance, invocation, context.clock.monotonic() - startedAt) ? EXIT.done : EXIT.partly;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!context.signal.aborted) throw failure.signal.reason;
    await env?.close();
    output.note('herald: interrupted; nothing is left running');
    return EXIT.partly;
  } finally {
    clearTimeout(deadline);
    await env?.close();
  }
}

/** Prints the result, with `--json` as the only document. @returns whether every promise was kept */
function conclude({ verdicts }: Performance, { context, output }: Invocation, tookMs: number): boolean {
  const judged = verdicts();
  const held = CHANNELS.every((channel) => kept(judged[channel].promises));
  const platforms = byChannel((channel) => {
    const { tally, ...figures } = judged[channel];
    return { ...figures, ...tally };
  });
  const paint = createPaint(context.stdout, context.env);
  output.result({ held, seconds: Math.round(tookMs / 100) / 10, platforms }, () =>
    [
      `\n${closingTable(judged)}\n`,
      `${held ? paint('green', 'The promise held') : paint('red', 'The promise did NOT hold')}, in ${seconds(tookMs)}.\n`,
      NEXT_STEPS,
    ].join('\n'),
  );
  return held;
}
