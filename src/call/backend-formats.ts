import { chooseFormat, sameFormat } from '../audio/format.ts';
import type { BackendCapabilities, BackendContext } from '../ports/backend.ts';
import type { CallSettings } from '../ports/settings.ts';

/** What is spoken with a backend: the client's own format wherever it is offered. */
export function backendFormats(
  { inputFormats, outputFormats }: BackendCapabilities,
  settings: CallSettings,
): Pick<BackendContext, 'inputFormat' | 'outputFormat'> {
  return {
    inputFormat: chooseFormat(inputFormats, settings.inputFormat),
    outputFormat: chooseFormat(outputFormats, settings.outputFormat),
  };
}

/** Whether a backend is spoken to in the same formats under both settings. */
export function sameBackendFormats(
  capabilities: BackendCapabilities,
  before: CallSettings,
  after: CallSettings,
): boolean {
  const was = backendFormats(capabilities, before);
  const is = backendFormats(capabilities, after);
  return (
    sameFormat(was.inputFormat, is.inputFormat) && sameFormat(was.outputFormat, is.outputFormat)
  );
}
