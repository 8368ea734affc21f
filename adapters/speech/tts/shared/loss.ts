import type { Loss } from '../../../shared/connection.ts';

const refusals: readonly number[] = [400, 401, 402, 403, 404];
/** The upstream says that we, not the moment, are wrong. */
const finalCloses: readonly number[] = [1003, 1007, 1008, 1009];
/** Some vendors close an idle connection with 1008 as well. */
const waitedTooLong = /time(?:d )?_?out/i;

/** Whether dialling again can help. */
export function isRetryable({ closeCode, error, httpStatus }: Loss): boolean {
  if (httpStatus !== null && refusals.includes(httpStatus)) return false;
  if (closeCode === 1008 && waitedTooLong.test(error.message)) return true;
  if (closeCode !== null && finalCloses.includes(closeCode)) return false;
  return error.code !== 'queue_overflow';
}
