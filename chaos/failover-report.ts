import type { Breach } from './breach.ts';
import type { Failover } from './failovers.ts';
import { counted, type Row, section } from './table.ts';

/** What is told of a cluster's failovers: how long nobody served, and what was acknowledged and is gone. */
export function failoverSection({
  failovers,
  forgotten,
}: {
  failovers: readonly Failover[];
  forgotten: readonly Breach[];
}): string[] {
  if (failovers.length === 0) return [];
  const awayMs = failovers.map(({ away }) => away.to - away.from).toSorted((a, b) => a - b);
  const lossy = failovers.filter(({ writes }) => writes.length > 0);
  const sum = (figure: (failover: Failover) => number): number =>
    failovers.reduce((total, failover) => total + figure(failover), 0);
  const rows: Row[] = [
    ['replicas that took over', failovers.length],
    ['until they served, p50', seconds(awayMs[Math.floor(awayMs.length / 2)] ?? 0)],
    ['until they served, max', seconds(awayMs.at(-1) ?? 0)],
    ['of them without the last acknowledged writes', lossy.length],
    ['acknowledged writes that they had not got', sum(({ writes }) => writes.length)],
    ['  bytes', sum(({ bytes }) => bytes)],
    ['what followed of that, and no breach', forgotten.length],
    ...counted(forgotten.map(({ kind }) => `  ${kind}`)),
  ];
  return [section('failovers', rows)];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
