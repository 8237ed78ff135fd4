/** Checks the options of a call, for programs without TypeScript or without its checks. */

/** The names of all options of a call, kept complete by the compiler. */
export type OptionNames<T> = { readonly [Name in keyof Required<T>]: true };

/**
 * Refuses unknown options: if one is misspelt, a dry run would not be dry, and a purge of some dead letters would purge all.
 * @throws TypeError that names the option
 */
export function checkOptions<T extends object>(call: string, options: T, names: OptionNames<T>): T {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${call}: expected an object of options`);
  const stray = Object.keys(options).find((name) => !Object.hasOwn(names, name));
  if (stray === undefined) return options;
  const known = Object.keys(names).join(', ');
  throw new TypeError(`${call}: ${JSON.stringify(stray)} is not an option: expected ${known}`);
}

/** @throws TypeError that names the option */
export function checkChannelOption(call: string, options: { channel: string }): string {
  const { channel } = Object(options) as { channel?: unknown };
  if (typeof channel === 'string') return channel;
  throw new TypeError(`${call}: channel: expected the name of a channel`);
}

/**
 * Checks an object of another library by its methods, since it may be of another copy of the library. Accepts undefined.
 * @throws TypeError that names the option
 */
export function checkMethods(
  option: string,
  value: unknown,
  methods: readonly string[],
  wanted: string,
): void {
  if (value === undefined) return;
  const given = Object(value) as Record<string, unknown>;
  if (methods.some((name) => typeof given[name] !== 'function'))
    throw new TypeError(`${option}: expected ${wanted}`);
}
