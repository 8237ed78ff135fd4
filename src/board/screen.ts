import type { Html } from './html.ts';
import type { View } from './view.ts';

/** A request for a screen. */
export interface Visit {
  readonly view: View;
  /** The store's clock, milliseconds since the epoch. */
  readonly now: number;
  /** The token that forms must send along. */
  readonly csrf: string;
  /** A parameter in the path. */
  param(name: string): string;
  /** A parameter of the query; undefined if it is absent or empty. */
  query(name: string): string | undefined;
}

export interface Screen {
  title: string;
  main: Html;
  /** The part of the navigation that it belongs to. */
  section?: Section | undefined;
  /** How often it is redrawn for those who watch it, milliseconds; never when absent. */
  refreshMs?: number | undefined;
}

export type Section = 'now' | 'dead' | 'campaigns' | 'audit';

/** Draws a screen, or says where to redirect. */
export type Draw = (visit: Visit) => Promise<Screen | { goTo: string }>;

/** A submitted form: the request to its address, and its fields. */
export interface Submission extends Visit {
  field(name: string): string | undefined;
}

/** Carries out a form. @returns where to redirect, or the screen that says why it was refused */
export type FormAction = (order: Submission) => Promise<string | Screen>;
