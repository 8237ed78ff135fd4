import type { AddCommand } from '../shell.ts';

/**
 * Every command of Herald, in the order of the help. Each is loaded when it is needed: a health check runs every few seconds,
 * and all of Herald takes half a second to load.
 */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  worker: async () => (await import('./worker.ts')).addWorker,
  serve: async () => (await import('./serve.ts')).addServe,
  board: async () => (await import('./board.ts')).addBoard,
  exporter: async () => (await import('./exporter.ts')).addExporter,
  health: async () => (await import('./health.ts')).addHealth,
  send: async () => (await import('./send.ts')).addSend,
  render: async () => (await import('./render.ts')).addRender,
  plays: async () => (await import('./plays.ts')).addPlays,
  campaign: async () => (await import('./campaign.ts')).addCampaign,
  queue: async () => (await import('./queue.ts')).addQueue,
  cancel: async () => (await import('./cancel.ts')).addCancel,
  reschedule: async () => (await import('./reschedule.ts')).addReschedule,
  dead: async () => (await import('./dead.ts')).addDead,
  channel: async () => (await import('./channel.ts')).addChannel,
  token: async () => (await import('./token.ts')).addToken,
  explain: async () => (await import('./explain.ts')).addExplain,
  audit: async () => (await import('./audit.ts')).addAudit,
  status: async () => (await import('./status.ts')).addStatus,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  sandbox: async () => (await import('./sandbox.ts')).addSandbox,
  demo: async () => (await import('./demo.ts')).addDemo,
};

/** The command of this name, or all commands if there is none. */
export async function loadCommands(name?: string): Promise<AddCommand[]> {
  const load = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return await Promise.all((load ? [load] : Object.values(COMMANDS)).map((each) => each()));
}
