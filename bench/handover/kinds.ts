/** Backends that the caller ends her turns by hand with. */
export const kinds = ['openai', 'gemini', 'cascade'] as const;
/** Every kind that there is: with `live` nobody ends turns by hand. */
export const allKinds = [...kinds, 'live'] as const;
export type Kind = (typeof allKinds)[number];

/** How a backend dies: its connections are reset, closed by its own word, or say nothing more. */
export type Death = 'reset' | 'close' | 'stall';

/** One order of them for each ordered pair, which is its first two. */
export function orders(of: readonly Kind[]): readonly (readonly Kind[])[] {
  return of.flatMap((first) =>
    of
      .filter((kind) => kind !== first)
      .map((second) => [first, second, ...of.filter((kind) => kind !== first && kind !== second)]),
  );
}
