const linePrefix = 'line_';
const responsePrefix = 'resp_';
/** Marks a line id that does not follow our own pattern; such ids are kept whole behind it. */
const foreign = '.';

/** The id under which a line is shown as a response. Different lines never share one. */
export function responseIdOf(lineId: string): string {
  const own = lineId.startsWith(linePrefix) && !lineId.startsWith(linePrefix + foreign);
  return own ? responsePrefix + lineId.slice(linePrefix.length) : responsePrefix + foreign + lineId;
}

/** The line behind a response id, or `null` where no line can have that id. */
export function lineIdOf(responseId: string): string | null {
  if (!responseId.startsWith(responsePrefix)) return null;
  const rest = responseId.slice(responsePrefix.length);
  return rest.startsWith(foreign) ? rest.slice(foreign.length) : linePrefix + rest;
}
