// Moments and lengths of time, in the reader's zone and language.

const form = (options) => new Intl.DateTimeFormat(undefined, options);
const DAY = form({ weekday: "short", day: "numeric", month: "short" });
const LONG_DAY = form({ day: "numeric", month: "short", year: "numeric" });
const TIME = form({ hour: "2-digit", minute: "2-digit" });
const SECONDS = form({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const day = (millis) => DAY.format(millis);
export const longDay = (millis) => LONG_DAY.format(millis);
export const time = (millis) => TIME.format(millis);
export const seconds = (millis) => SECONDS.format(millis);
export const moment = (millis) => `${day(millis)}, ${time(millis)}`;

// 95 minutes: "1 h 35 min".
export function length(millis) {
  const minutes = Math.max(0, Math.round(millis / 60_000));
  if (minutes < 1) return "less than a minute";
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  const parts = [days ? `${days} d` : "", hours ? `${hours} h` : "", rest && !days ? `${rest} min` : ""];
  return parts.filter(Boolean).join(" ");
}
