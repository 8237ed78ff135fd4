import type { Scale } from '../options.ts';

/** A table of the bench: rows that are measured by turns, in every round once. */
export interface Table {
  name: string;
  title: string;
  columns: readonly Column[];
  /** The row that the others are compared with, by one of its figures. */
  unit?: { row: string; column: string };
  rows: readonly Row[];
}

export interface Column {
  name: string;
  title: string;
  /** Digits after the point. */
  digits: number;
}

export interface Row {
  /** What `--only` takes. Unique over all tables. */
  name: string;
  title: string;
  /** Why it cannot be measured here. */
  leftOut?: string | undefined;
  /** One turn, on a store of its own. */
  measure(scale: Scale): Promise<Figures>;
}

/** By column; NaN for what cannot be told. */
export type Figures = Record<string, number>;
