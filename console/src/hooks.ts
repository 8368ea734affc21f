import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** What was loaded, or why not. */
export interface Loaded<T> {
  readonly value: T | null;
  readonly error: string | null;
}

/**
 * Loads something, and again every so often while the page can be seen. A failure keeps what was
 * there.
 *
 * @param load must stay the same function until it means something else
 * @param everyMs `null`: once
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  everyMs: number | null = null,
): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: null, error: null });
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async (): Promise<void> => {
      try {
        if (!document.hidden || everyMs === null) {
          const value = await load(over.signal);
          if (!over.signal.aborted) setLoaded({ value, error: null });
        }
      } catch (error) {
        if (over.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        setLoaded(({ value }) => ({ value, error: message }));
      }
      if (everyMs !== null && !over.signal.aborted) timer = setTimeout(() => void once(), everyMs);
    };
    void once();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [load, everyMs]);
  return loaded;
}

/** A function that draws again, at most ten times a second however often it is called. */
export function useRedraw(): () => void {
  const [, setCount] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      setCount((count) => count + 1);
    }, 100);
  }, []);
}

/** The part of the address behind `#`. */
export function useRoute(): string {
  const read = (): string => location.hash.replace(/^#/, '') || '/talk';
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const changed = (): void => setRoute(read());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/** The element's width, CSS pixels; 0 until it is known. */
export function useWidth(): readonly [(element: Element | null) => void, number] {
  const [element, setElement] = useState<Element | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}
