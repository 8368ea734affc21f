/** Something about models went wrong in a way the user can do something about. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
