import type { ClientRequest } from '../ports/client.ts';
import { CallError } from '../ports/errors.ts';
import type { CallFacts } from '../routing/route.ts';

/** Longest name of a subject, characters. */
const subjectLimit = 256;
const languageTag = /^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,6}$/;

/**
 * What a request tells that its backends may be chosen by. The subject is what the client says
 * (`parley-subject`, as query or header), else nobody in particular: the call itself.
 *
 * @throws CallError `invalid_value` naming the parameter
 */
export function callFacts(
  { query, headers }: ClientRequest,
  call: Pick<CallFacts, 'keyId' | 'epochMs'> & { readonly callId: string },
): CallFacts {
  const said = (name: string, header: string): string | null => {
    const value = query.get(name) ?? headers[header];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const subject = said('parley-subject', 'parley-subject');
  if (subject !== null && subject.length > subjectLimit) {
    throw new CallError('invalid_value', `A subject has at most ${subjectLimit} characters.`, {
      param: 'parley-subject',
    });
  }
  const language = said('language', 'parley-language');
  if (language !== null && !languageTag.test(language)) {
    throw new CallError('invalid_value', 'A language is a tag such as de or pt-BR.', {
      param: 'language',
    });
  }
  const { keyId, epochMs, callId } = call;
  return { keyId, epochMs, language, subject: subject ?? `${keyId ?? ''}/${callId}` };
}
