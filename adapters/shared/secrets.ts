/** Longest text of an upstream that is repeated, characters. */
const messageLimit = 300;

/** What looks like a key, also where the upstream has already blotted out its middle. */
const keyLike =
  /\b(?:sk|ek|rk|pk)[-_][\w*.-]{4,}|\bAIza[\w*-]{8,}|\bauth_tokens\/[\w*-]+|\bBearer\s+\S+|((?:api[-_]?key|key|token)=)[^&\s"']+/gi;

/** A text of an upstream as it may be shown: short, one line, without anything like a key. */
export function withoutSecrets(text: string, secret: string | null): string {
  const clean = blotKeys(text, secret).replace(/\p{Cc}+/gu, ' ');
  return clean.length > messageLimit ? `${clean.slice(0, messageLimit)}…` : clean;
}

/** A text of any length with every key in it, known or likely, blotted out. */
export function blotKeys(text: string, secret: string | null): string {
  let clean = text;
  if (secret !== null && secret !== '') {
    clean = clean.replaceAll(secret, '[key]').replaceAll(encodeURIComponent(secret), '[key]');
  }
  return clean.replace(keyLike, (_match, name: string | undefined) => `${name ?? ''}[key]`);
}
