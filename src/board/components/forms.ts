import { type Html, html, type Piece } from '../html.ts';

/** The name of the field with the CSRF token. */
export const CSRF_FIELD = 'csrf';

export interface FormTarget {
  action: string;
  csrf: string;
}

/** A form that changes something. */
export const form = ({ action, csrf }: FormTarget, inside: Piece, kind = ''): Html =>
  html`<form method="post" action="${action}" class="${kind}">
    <input type="hidden" name="${CSRF_FIELD}" value="${csrf}">${inside}
  </form>`;

/** A form that is only a button. @param values are sent along */
export const act = (
  target: FormTarget,
  label: string,
  values: Readonly<Record<string, string>> = {},
  kind = '',
): Html => form(target, [hidden(values), html`<button class="${kind}">${label}</button>`], 'inline');

export const hidden = (values: Readonly<Record<string, string>>): Html[] =>
  Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);

export interface Choice {
  value: string;
  label: string;
}

export const select = (name: string, label: string, choices: readonly Choice[], chosen: string): Html =>
  html`<label class="field"><span>${label}</span><select name="${name}">${choices.map(
    ({ value, label: text }) =>
      value === chosen
        ? html`<option value="${value}" selected>${text}</option>`
        : html`<option value="${value}">${text}</option>`,
  )}</select></label>`;

/** Asks for the number of items to be deleted, which nobody types by accident. */
export const typedCount = (expected: number, noun: string): Html =>
  html`<label class="field"><span>Type <strong>${expected}</strong>, the number of ${noun}</span>
    <input name="typed" inputmode="numeric" autocomplete="off" required pattern="\\s*${expected}\\s*" title="${expected}"></label>`;

/** The field that `typedCount` sends: with or without separators. */
export const isTyped = (text: string | undefined, expected: number): boolean =>
  text !== undefined && text.trim().replaceAll(/[,\s]/g, '') === String(expected);
