import type { BoardUser } from '../admin/board-access.ts';
import type { Html } from './html.ts';
import type { View } from './view.ts';

/** One look at a screen. */
export interface Visit {
  readonly view: View;
  /** The store's clock, milliseconds since the epoch. */
  readonly now: number;
  /** To be sent along with whatever changes something. */
  readonly csrf: string;
  /** A part of the address. */
  param(name: string): string;
  /** A value of the address's query; undefined where it is absent or empty. */
  query(name: string): string | undefined;
}

export interface Screen {
  title: string;
  main: Html;
  /** The part of the navigation that it belongs to. */
  section?: Section | undefined;
  /** How often it is drawn anew for those who watch it, milliseconds; never when absent. */
  refreshMs?: number | undefined;
}

export type Section = 'now' | 'dead' | 'campaigns' | 'audit';

/** Draws a screen; or answers where to go instead. */
export type Draw = (visit: Visit) => Promise<Screen | { goTo: string }>;

/** A form that was sent: the visit of its address, and its fields. */
export interface Order extends Visit {
  field(name: string): string | undefined;
}

/** Does what a form asks for. @returns where to go then, or the screen that says why not */
export type Obey = (order: Order) => Promise<string | Screen>;

export const mayOperate = ({ role }: BoardUser): boolean => role === 'operate';
