import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { place } from '../format.ts';
import type { Caption } from './captions.ts';

/** Who said what: what was heard stands solid, what was said and not heard is faded. */
export function Captions({ captions }: { readonly captions: readonly Caption[] }): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const heard = captions.at(-1)?.heardChars;
  useEffect(() => {
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, [captions.length, heard]);
  return (
    <section class="card" aria-labelledby="captions-title">
      <h2 id="captions-title">Captions</h2>
      {captions.length === 0 && <p class="faint">Nothing has been said yet.</p>}
      {/* Scrolls by itself, so it takes the keyboard's focus too. */}
      <ol class="captions" ref={list} tabIndex={0} aria-label="What was said">
        {captions.map((caption) => (
          <li key={caption.itemId} class={caption.who}>
            <span class="who">
              {caption.who} <time>{place(caption.atMs)}</time>
            </span>
            <Words caption={caption} />
          </li>
        ))}
      </ol>
      <p class="hidden" aria-live="polite">
        {spoken(captions)}
      </p>
    </section>
  );
}

function Words({ caption }: { readonly caption: Caption }): JSX.Element {
  const { text, heardChars, who, cut } = caption;
  if (text === '') {
    const what = who === 'agent' ? 'speaks' : 'spoke';
    return <p class="faint">({what}; this backend writes no words down)</p>;
  }
  const unheard = text.slice(heardChars);
  return (
    <p>
      <span class="heard">{text.slice(0, heardChars)}</span>
      {unheard.trim() !== '' && (
        <span class="unheard">
          {cut && <span class="hidden"> (cut here; not heard:) </span>}
          {unheard}
        </span>
      )}
      {cut && <span class="cut"> cut</span>}
    </p>
  );
}

/** For those who listen to the page: whole captions only, the newest. */
function spoken(captions: readonly Caption[]): string {
  const last = captions.findLast(({ final, text }) => final && text !== '');
  if (last === undefined) return '';
  return `${last.who}: ${last.text.slice(0, last.heardChars)}${last.cut ? ' (cut)' : ''}`;
}
