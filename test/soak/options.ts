import { parseArgs } from 'node:util';

/**
 * Numbers given as `--name value`; the names and what they are otherwise.
 *
 * @param others names of options that are no numbers
 */
export function numbersFrom<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
  others: readonly string[] = [],
): Readonly<Record<Name, number>> {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(
    [...names, ...others].map((name) => [name, { type: 'string' as const }]),
  );
  const { values } = parseArgs({ options });
  return Object.fromEntries(
    names.map((name) => {
      const text = values[name];
      const value = typeof text === 'string' ? Number(text) : defaults[name];
      if (!Number.isFinite(value)) throw new RangeError(`--${name} must be a number`);
      return [name, value];
    }),
  ) as Record<Name, number>;
}

/** Text given as `--name text`. */
export function textFrom(name: string): string | null {
  const options = { [name]: { type: 'string' as const } };
  const value = parseArgs({ options, strict: false }).values[name];
  return typeof value === 'string' ? value : null;
}
