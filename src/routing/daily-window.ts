import type { DailyWindow } from '../ports/agent.ts';

const dayMinutes = 24 * 60;
const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Formatters cost 0.1 ms to make; there are as many as zones in a configuration. */
const formats = new Map<string, Intl.DateTimeFormat>();
/** Most zones kept (a count); the world has some 450. */
const formatLimit = 512;

/** Whether the zone is one that times can be told in. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a moment lies in the window, by the clock on the wall there. A window that goes past
 * midnight belongs to the day on which it began. When clocks are put forward the window loses an
 * hour, when they are put back it has it twice, as the wall shows it.
 *
 * @param epochMs ms since 1970
 */
export function inWindow(window: DailyWindow, epochMs: number): boolean {
  const { fromMinute, toMinute, days } = window;
  const { day, minute } = wallTime(window.zone, epochMs);
  if (fromMinute === toMinute) return days.includes(day);
  if (fromMinute < toMinute) {
    return minute >= fromMinute && minute < toMinute && days.includes(day);
  }
  if (minute >= fromMinute) return days.includes(day);
  return minute < toMinute && days.includes((day + 6) % 7);
}

function wallTime(zone: string, epochMs: number): { day: number; minute: number } {
  const parts = formatOf(zone).formatToParts(epochMs);
  const value = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? '';
  const minute = Number(value('hour')) * 60 + Number(value('minute'));
  return { day: dayNames.indexOf(value('weekday')), minute: minute % dayMinutes };
}

/** @throws RangeError when there is no such zone */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (formats.size >= formatLimit) formats.clear();
  formats.set(zone, made);
  return made;
}
