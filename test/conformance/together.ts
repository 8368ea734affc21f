/**
 * Runs every task at once and gives for each a function that waits until all of them have ended
 * and then returns its own result, or throws its own error.
 */
export function together<Tasks extends Readonly<Record<string, () => Promise<unknown>>>>(
  tasks: Tasks,
): { readonly [Name in keyof Tasks]: () => ReturnType<Tasks[Name]> } {
  const names = Object.keys(tasks);
  const running = Promise.allSettled(names.map((name) => tasks[name]!()));
  const results = names.map((name, i) => {
    const result = async (): Promise<unknown> => {
      const outcome = (await running)[i]!;
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    };
    return [name, result] as const;
  });
  return Object.fromEntries(results) as {
    readonly [Name in keyof Tasks]: () => ReturnType<Tasks[Name]>;
  };
}
