import { ApiError, type Api } from '../api.ts';
import { tarOf, type TarFile } from './tar.ts';

/** What `parley replay` reads of a recording. */
const names = [
  ['inputs', 'inputs.jsonl'],
  ['sounds', 'sounds.bin'],
  ['events', 'events.jsonl'],
] as const;

/**
 * A recorded call as the folder that `parley replay` reads, in an archive (tar, gzip).
 *
 * @throws Error when the recording cannot be made again, or ApiError
 */
export async function testCaseOf(
  api: Api,
  { callId, startedAt }: { readonly callId: string; readonly startedAt: string },
): Promise<Blob> {
  const files: TarFile[] = [];
  for (const [file, name] of names) {
    const path = `/api/calls/${encodeURIComponent(callId)}/recording/${file}`;
    try {
      const content = await (await api.request(path)).blob();
      files.push({ name: `${callId}/${name}`, content });
    } catch (error) {
      // A call in which nobody made a sound has none.
      const absent = error instanceof ApiError && error.status === 404;
      if (absent && file === 'sounds') continue;
      if (absent && file === 'inputs') throw new Error(noInputs, { cause: error });
      throw error;
    }
  }
  const archive = tarOf(files, Date.parse(startedAt) / 1_000);
  return await new Response(archive.stream().pipeThrough(new CompressionStream('gzip'))).blob();
}

const noInputs =
  'This recording cannot be made again: it is not there yet, or what came into the call was not kept ' +
  '(recording.replay is false, or the agent has redact).';
