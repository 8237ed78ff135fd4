/** Parses JSON of unknown origin; undefined for a text that is not JSON, and for none. */
export function tryParseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
