import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Api } from './api.ts';
import { BoardPage } from './board/board-page.tsx';
import { CallPage } from './calls/call-page.tsx';
import { CallsPage } from './calls/list-page.tsx';
import { HealthPage } from './health/health-page.tsx';
import { useRoute } from './hooks.ts';
import { TalkPage } from './talk/talk-page.tsx';

const pages = [
  ['/talk', 'Talk'],
  ['/calls', 'Calls'],
  ['/board', 'Board'],
  ['/health', 'Health'],
] as const;

/** The whole console. */
export function App(): JSX.Element {
  const route = useRoute();
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState('');
  // Another key is another view of everything: all pages begin anew with it.
  const api = useMemo(() => {
    const next = new Api();
    next.setKey(key);
    return next;
  }, [key]);
  const enter = (text: string): void => {
    try {
      new Api().setKey(text);
      setKey(text);
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <header class="top">
        <span class="brand">Parley</span>
        <nav aria-label="Pages">
          {pages.map(([path, name]) => (
            <a
              key={path}
              href={`#${path}`}
              aria-current={route.startsWith(path) ? 'page' : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
        <KeyEntry onEnter={enter} held={key !== ''} />
      </header>
      <main id="main" tabIndex={-1}>
        {problem !== '' && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <Page route={route} api={api} />
      </main>
    </>
  );
}

function Page({ route, api }: { readonly route: string; readonly api: Api }): JSX.Element {
  const callId = /^\/calls\/([\w-]+)$/.exec(route)?.[1];
  if (callId !== undefined) return <CallPage key={callId} api={api} callId={callId} />;
  if (route.startsWith('/calls')) return <CallsPage api={api} />;
  if (route.startsWith('/board')) return <BoardPage api={api} />;
  if (route.startsWith('/health')) return <HealthPage api={api} />;
  return <TalkPage api={api} />;
}

/** A field for the key, which is kept in this page's memory and nowhere else. */
function KeyEntry({
  onEnter,
  held,
}: {
  readonly onEnter: (key: string) => void;
  readonly held: boolean;
}): JSX.Element {
  return (
    <form
      class="key"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem('key') as HTMLInputElement;
        onEnter(field.value);
        field.value = '';
      }}
    >
      <label>
        <span class="hidden">API key</span>
        <input
          name="key"
          type="password"
          autocomplete="off"
          placeholder={held ? 'key in use' : 'API key, if needed'}
        />
      </label>
      <button type="submit">{held ? 'Change' : 'Use'}</button>
    </form>
  );
}

/** The address behind `#` names pages here, so the jump is made by hand. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
